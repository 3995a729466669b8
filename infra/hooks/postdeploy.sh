#!/bin/sh
# After azd deploy: the next call. azd sets the variables from the outputs of infra/main.bicep.
set -eu
cat <<TEXT

The service is deployed. Ask it whether it is ready:

  curl -s ${SERVICE_EMAIL_URI}/health

Then give a tenant a mail server, and send, with a token of an admin (see docs/azure.md):

  TOKEN=\$(az account get-access-token --scope '${EMAIL_AUTH_AUDIENCE}/.default' --query accessToken --output tsv)
  curl -s ${SERVICE_EMAIL_URI}/api/v1/email/configs/acme -H "Authorization: Bearer \$TOKEN" -H 'Content-Type: application/json' \\
    -d '{"provider_type":"smtp","smtp_host":"mail.example.com","smtp_username":"acme","smtp_password":"secret","from_email":"hello@example.com"}'
  curl -s ${SERVICE_EMAIL_URI}/api/v1/email/send -H "Authorization: Bearer \$TOKEN" -H 'Content-Type: application/json' \\
    -d '{"tenant_id":"acme","to":["you@example.com"],"subject":"Hello","body":"Hello, you."}'

All paths: ${SERVICE_EMAIL_URI}/docs

TEXT
