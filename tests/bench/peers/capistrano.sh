#!/bin/sh
cd "$(dirname "$0")/capistrano" && exec cap production deploy:rollback
