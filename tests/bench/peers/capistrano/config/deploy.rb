set :application, "bench"
set :deploy_to, "/srv/app"
set :format_options, log_file: nil
set :ssh_options, config: [ENV.fetch("SSH_CONFIG")], verify_host_key: :always
namespace :deploy do
  task :restart do
    on(release_roles(:all)) { execute :cp, "-T", current_path.join("REVISION"), shared_path.join("running") }
  end
  after :publishing, :restart
end
