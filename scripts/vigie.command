#!/bin/sh
# `vigie` on the record of the installed service. Installed by `make install`.
set -eu
VIGIE_CONFIG=@HERE@/config
VIGIE_DATA=/var/lib/vigie-anef
export VIGIE_CONFIG VIGIE_DATA PYTHONDONTWRITEBYTECODE=1

# The service's own settings; each line is taken as it is, as systemd does.
if [ -r /etc/vigie-anef/environment ]; then
    while IFS= read -r line; do
        case $line in VIGIE_*=*) export "${line?}" ;; esac
    done </etc/vigie-anef/environment
fi

case $(id -un):${1:-} in
    # These write where only root may, and leave what is the service's to the service.
    root:init | root:backup | root:restore) exec @HERE@/.venv/bin/vigie "$@" ;;
    root:*) exec runuser -u vigie -- @HERE@/.venv/bin/vigie "$@" ;;
    *:check-config | *:classify | *:compare | *:health | *:-* | *: | vigie:*)
        exec @HERE@/.venv/bin/vigie "$@"
        ;;
    *)
        echo "Le registre n’est lisible que par le service : sudo vigie $*" >&2
        exit 2
        ;;
esac
