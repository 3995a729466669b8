#!/bin/sh
# After azd deploy: the next call. azd sets the variables from the outputs of infra/main.bicep.
set -eu
cat <<TEXT

The service is deployed. Ask it whether it is ready:

  curl -s ${SERVICE_EMAIL_URI}/health

Then send, with a token whose role or tenant_id claim allows it:

  TOKEN=\$(az account get-access-token --scope '${EMAIL_AUTH_AUDIENCE}/.default' --query accessToken --output tsv)
  curl -s ${SERVICE_EMAIL_URI}/api/v1/email/send -H "Authorization: Bearer \$TOKEN" -H 'Content-Type: application/json' \\
    -d '{"to":["you@example.com"],"subject":"Hello","body":"Hello, you."}'

All paths: ${SERVICE_EMAIL_URI}/docs

TEXT
