#!/bin/sh
# Deploys the built functions into LocalStack and creates the schema. LocalStack runs every script in
# this folder once it is ready. A second run changes nothing.
set -eu
export DISABLE_DEPRECATION_NOTICE=1

stack=sluice
artifacts=sluice-artifacts
built=/opt/sluice/build
packaged=/tmp/sluice.yaml

# The template's parameters: those of this target, overridden by the environment.
set -- "Architecture=$(uname -m | sed 's/aarch64/arm64/')"
while IFS= read -r line; do
    case $line in
        \#* | "") ;;
        *) set -- "$@" "$(printf '%s' "$line" | sed 's/: */=/; s/"//g')" ;;
    esac
done < /opt/sluice/parameters.yaml
for pair in MAIL_FROM=MailFrom MAX_POLLERS=MaxPollers POLLER_TIMEOUT=PollerTimeout \
    LEASE_SECONDS=LeaseSeconds CONCURRENCY=Concurrency LOG_LEVEL=LogLevel \
    IDEMPOTENCY_HOURS=IdempotencyHours CALLBACK_SECRET=CallbackSecret \
    CALLBACK_ALLOW=CallbackAllow EVENT_BUS=EventBusName API_KEYS=ApiKeys \
    CORS_ORIGINS=CorsOrigins MAX_LONG_POLLS=MaxLongPolls; do
    value=$(printenv "${pair%%=*}" || true)
    [ -z "$value" ] || set -- "$@" "${pair#*=}=$value"
done

awslocal s3 mb "s3://$artifacts" > /dev/null 2>&1 || awslocal s3 ls "s3://$artifacts" > /dev/null
awslocal cloudformation package --template-file "$built/template.yaml" \
    --s3-bucket "$artifacts" --output-template-file "$packaged" > /dev/null
awslocal cloudformation deploy --template-file "$packaged" --stack-name "$stack" \
    --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND --no-fail-on-empty-changeset \
    --parameter-overrides "$@"

# Each function says what would keep it from its work; the poller migrates the schema first.
printf '%s' '{"admin": {"action": "check"}}' > /tmp/event.json
good=yes
for function in "$stack-poller" "$stack-api"; do
    awslocal --cli-read-timeout 120 lambda invoke --function-name "$function" \
        --payload file:///tmp/event.json /tmp/answer.json > /dev/null
    grep -q '"problems": *\[\]' /tmp/answer.json || {
        echo "$function cannot do all of its work: $(cat /tmp/answer.json)" >&2
        good=no
    }
done

# What can work recovers jobs of an earlier run.
printf '%s' '{"schedule": "deployment"}' > /tmp/event.json
awslocal lambda invoke --function-name "$stack-poller" --invocation-type Event \
    --payload file:///tmp/event.json /dev/null > /dev/null
url="http://localhost:4566/_aws/execute-api/$stack/v1/jobs/00000000-0000-0000-0000-000000000000"
# A job and a key that do not exist: the API looks them up in the database.
key="sluice_$(printf '%016d_%043d' 0 0)"
schema_found() {
    case $(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $key" "$url") in
        401 | 404) ;;
        *) return 1 ;;
    esac
}
tries=0
until schema_found; do
    tries=$((tries + 1))
    [ "$tries" -lt 120 ] || { echo "the API does not find the schema" >&2; exit 1; }
    sleep 1
done
[ "$good" = yes ] || exit 1
echo "sluice is deployed"
