"""Small apps of each kind, as the texts of their files."""

FLASK = {
    "requirements.txt": "Flask==3.1\ngunicorn\n",
    "shop/web.py": 'from flask import Flask\napp = Flask(__name__)\n@app.get("/healthz")\ndef ok(): ...\n',
}
FACTORY = {
    "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["flask>=3"]\n',
    "src/shop/__init__.py": 'def create_app():\n    app = flask.Flask("x")\n    app.route("/status/")\n',
}
DJANGO = {
    "manage.py": "import os\n",
    "requirements.txt": "Django==5 --hash=sha256:00\n",
    "package.json": "{}",
    "site/wsgi.py": "",
    "site/settings.py": "STATIC_ROOT = 'x'\n",
    "site/urls.py": 'urlpatterns = [path("health/", ok)]\n',
}
FASTAPI = {
    "pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.12"\nfastapi = "*"\n',
    "api.py": 'api: FastAPI = fastapi.FastAPI()\n@api.get("/ping")\ndef ok(): ...\n',
    "Dockerfile": "FROM python\nEXPOSE 8080\n",
}
NODE = {
    "package.json": '{"name": "@acme/shop", "scripts": {"start": "node .", "build": "tsc"}}',
    "package-lock.json": "{}",
    "src/server.ts": "app.get('/health', ok); app.listen(process.env.PORT ?? 4000)\n",
}
STATIC = {"public/index.html": "<title>x</title>"}
UNKNOWN = {"main.go": "package main"}
