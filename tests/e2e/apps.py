"""Small real apps for the ready playbooks, each with a good release and a bad one: v2, spoilt as BAD says."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_RELEASE = 'pathlib.Path("REVISION").read_text().split()[0]'


@dataclass(frozen=True, slots=True)
class App:
    """keeper: what runs `command` on the host. shared: files there. caught: of what is said about the bad release."""

    playbook: str
    name: str
    keeper: str
    command: str
    files: dict[str, str]
    caught: str
    shared: tuple[str, ...] = ()


_DJANGO = {
    "requirements.txt": "django==5.2.8\ngunicorn==23.0.0\n",
    "manage.py": (
        "import os, sys\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n"
        "from django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n"
    ),
    "config/__init__.py": "",
    "config/settings.py": f"""
import pathlib
HERE = pathlib.Path(__file__).resolve().parents[1]
SECRET_KEY, ROOT_URLCONF, ALLOWED_HOSTS = "for a test", "config.urls", ["blog.example.com"]
STATIC_URL, STATIC_ROOT, DEFAULT_AUTO_FIELD = "/static/", HERE / "static", "django.db.models.AutoField"
RELEASE = {_RELEASE} if pathlib.Path("REVISION").exists() else ""
INSTALLED_APPS = ["django.contrib." + one for one in ("admin", "auth", "contenttypes", "sessions", "messages")]
INSTALLED_APPS += ["django.contrib.staticfiles", "pages"]
MIDDLEWARE = ["config.urls.release", "django.contrib.sessions.middleware.SessionMiddleware"]
MIDDLEWARE += ["django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"]
MIDDLEWARE += ["django.contrib.messages.middleware.MessageMiddleware"]
CONTEXT = ["template.context_processors.request", "contrib.auth.context_processors.auth"]
CONTEXT += ["contrib.messages.context_processors.messages"]
OPTIONS = {{"context_processors": ["django." + one for one in CONTEXT]}}
TEMPLATES = [{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": OPTIONS}}]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "data/db.sqlite3"}}}}
""",
    "config/wsgi.py": (
        "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n"
        "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
    ),
    "config/urls.py": """
from django.conf import settings
from django.contrib import admin
from django.http import HttpResponse
from django.urls import path
from pages.models import Page
def release(answer):
    def middleware(request):
        response = answer(request)
        response["X-Release"] = settings.RELEASE
        return response
    return middleware
urlpatterns = [path("admin/", admin.site.urls), path("healthz", lambda _: HttpResponse(str(Page.objects.count())))]
""",
    "pages/__init__.py": "",
    "pages/models.py": (
        "from django.db import models\nclass Page(models.Model):\n    title = models.CharField(max_length=80)\n"
    ),
    "pages/migrations/__init__.py": "",
    "pages/migrations/0001_initial.py": """
from django.db import migrations, models
class Migration(migrations.Migration):
    initial, dependencies = True, []
    fields = [("id", models.AutoField(primary_key=True, serialize=False)), ("title", models.CharField(max_length=80))]
    operations = [migrations.CreateModel(name="Page", fields=fields)]
""",
}
_FASTAPI = {
    "requirements.txt": "fastapi==0.121.2\nuvicorn==0.38.0\n",
    "main.py": f"""
import pathlib
from fastapi import FastAPI
app, release = FastAPI(), {_RELEASE}
@app.get("/healthz")
def healthz():
    return {{"release": release}}
@app.get("/items/{{item}}")
def item(item: int):
    return {{"id": item}}
""",
}
_NODE = {
    "package.json": '{"name": "web", "version": "1.0.0", "private": true, "dependencies": {"is-number": "7.0.0"}}\n',
    "package-lock.json": """{"name": "web", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": {
"": {"name": "web", "version": "1.0.0", "dependencies": {"is-number": "7.0.0"}},
"node_modules/is-number": {"version": "7.0.0", "integrity":
"sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9cGvNp6NZWZUBlbGXYxxng=="}}}
""",
    "server.js": """
const http = require("http"), fs = require("fs"), isNumber = require("is-number");
const release = fs.readFileSync("REVISION", "utf8").split(" ")[0];
http.createServer((request, response) => {
  response.setHeader("X-Release", release);
  response.end(request.url === "/healthz" ? String(isNumber(1)) : `<h1>${title()}</h1>`);
}).listen(process.env.PORT, "127.0.0.1");
function title() { return "Welcome"; }
""",
}
_STATIC = {
    "Makefile": """site:
\tmkdir -p site && cp style.css site/
\techo "<meta name=\\"release\\" content=\\"$$ROLLBACK_TAG\\"><link href=style.css rel=stylesheet>" >site/index.html
""",
    "style.css": "body { color: black }\n",
}
_WORKER = {
    "smoke.sh": """set -e
job=$ROLLBACK_ROOT/shared/queue/smoke.$$
echo hello >"$job"
for _ in $(seq 100); do [ -e "$job" ] || exit 0; sleep 0.1; done
rm -f "$job"; echo "nobody took the job"; exit 1
""",
    "worker.py": """
import logging, pathlib, time
shared = pathlib.Path.cwd().parents[1] / "shared"
logging.basicConfig(filename=shared / "log/mailer.log", level="INFO", format="%(asctime)s %(levelname)s %(message)s")
def do(job):
    logging.info("sent %s", job.read_text().strip())
    job.unlink()
while True:
    (shared / "heartbeat").touch()
    for job in (shared / "queue").iterdir():
        try:
            do(job)
        except Exception:
            logging.exception("not sent")
            job.unlink(missing_ok=True)
    time.sleep(0.1)
""",
}

# playbook -> the file that is spoilt in v2, what stands there, and what takes its place.
BAD = {
    "django-gunicorn-supervisor": (
        "config/urls.py",
        "answer(request)",
        "answer(request) if request.method == 'GET' else None",
    ),
    "fastapi-uvicorn": ("main.py", '{"id": item}', '{"id": item.profile}'),
    "node": ("server.js", 'return "Welcome"', "return undefined"),
    "static-nginx": ("Makefile", "cp style.css site/", "true"),
    "worker-supervisor": ("worker.py", "job.read_text().strip()", "job.profile"),
}
_VENV = "{root}/current/.venv/bin/"
APPS = (
    App(
        "django-gunicorn-supervisor",
        "blog",
        "supervisor",
        _VENV + "gunicorn --bind 127.0.0.1:{port} config.wsgi",
        _DJANGO,
        "the admin's log-in",
    ),
    App(
        "fastapi-uvicorn",
        "api",
        "supervisor",
        _VENV + "uvicorn --host 127.0.0.1 --port {port} main:app",
        _FASTAPI,
        "an item is read",
        (".env",),
    ),
    App("node", "web", "runit", "node server.js", _NODE, "the first page", (".env",)),
    App("static-nginx", "docs", "nginx", "", _STATIC, "the style sheet"),
    App("worker-supervisor", "mailer", "supervisor", "python3 worker.py", _WORKER, "no new errors", (".env",)),
)


def write(app: App, project: Path) -> None:
    """The releases v1 and v2 in a git repository."""
    for path, text in app.files.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    (project / ".gitignore").write_text("/playbooks/\n")
    _git(project, "init", "-q", "-b", "main")
    for tag in ("v1", "v2"):
        if tag == "v2":
            path, good, bad = BAD[app.playbook]
            assert good in app.files[path]
            (project / path).write_text(app.files[path].replace(good, bad))
        (project / "CHANGES").write_text(tag)
        _git(project, "add", ".")
        _git(project, "commit", "-q", "-m", f"Release {tag}")
        _git(project, "tag", tag)


def _git(project: Path, *words: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    environ = {"PATH": os.environ["PATH"], "HOME": str(project), "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "-C", str(project), *who, *words], check=True, env=environ)
