#!/bin/sh
# Work through a queue of a workspace with nothing but curl and jq: `work.sh QUEUE COMMAND [ARGUMENT…]`.
#
# COMMAND runs once per job and gets the job as JSON on its standard input. Exit code 0: done, 75: again later, else failed.
# WORKSPACE_URL, WORKSPACE_AGENT and WORKSPACE_TOKEN say where, as whom and by what right; JOBS_MAX ends the worker after so
# many jobs.
set -eu

queue=$1
shift
url=${WORKSPACE_URL:-http://127.0.0.1:8765}/api/v1
agent=${WORKSPACE_AGENT:-curl}
left=${JOBS_MAX:--1}
job=$(mktemp)
trap 'rm -f "$job"' EXIT

post() { # post PATH BODY: what the server says, or an end with its refusal
    # The token comes by standard input: everybody on the machine may read the arguments.
    printf '%s\n' "X-Agent: $agent" ${WORKSPACE_TOKEN:+"Authorization: Bearer $WORKSPACE_TOKEN"} |
        curl --silent --show-error --fail-with-body --max-time 90 \
            --header @- --header 'Content-Type: application/json' --data "$2" "$url$1"
}

while [ "$left" -ne 0 ]; do
    # One request waits up to 50 seconds for a job to come; nothing is polled in between.
    post "/queues/$queue:claim" '{"wait_seconds": 50, "visibility_seconds": 1800}' | jq --exit-status .job >"$job" || { sleep 1; continue; }
    name=$(jq --raw-output .job "$job")
    code=0
    "$@" <"$job" || code=$?
    case $code in
        0) outcome=done ;;
        75) outcome=retry ;;
        *) outcome=failed ;;
    esac
    post "/jobs/$name:finish" "$(jq --null-input --arg o "$outcome" --arg n "exit code $code" '{outcome: $o, note: $n}')"
    echo
    left=$((left - 1))
done
