#!/bin/sh
# After azd provision: what there is now. azd sets the variables from the outputs of infra/main.bicep.
set -eu
cat <<TEXT

  Resource group   ${AZURE_RESOURCE_GROUP}
  Function app     ${SERVICE_EMAIL_NAME}
  Service          ${SERVICE_EMAIL_URI}
  Event producers  ${SERVICE_BUS_HOST}, queue email-in

New roles take minutes to hold. Next: azd deploy (azd up does it by itself)

TEXT
