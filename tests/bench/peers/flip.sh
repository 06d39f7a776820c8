#!/bin/sh
# What every tool but ours does on a host: `current` back to the release before, and the restart.
set -e
cd /srv/app
live=$(readlink current)
live=${live##*/}
back=
for one in releases/*/; do
  one=${one%/}
  one=${one##*/}
  [ "$one" = "$live" ] && break
  back=$one
done
[ -n "$back" ]
ln -sfn "releases/$back" current.new
mv -T current.new current
cp -T current/REVISION shared/running
