# After azd provision: what there is now. azd sets the variables from the outputs of infra/main.bicep.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
Write-Host @"

  Resource group   $env:AZURE_RESOURCE_GROUP
  Function app     $env:SERVICE_EMAIL_NAME
  Service          $env:SERVICE_EMAIL_URI
  Event producers  $env:SERVICE_BUS_HOST, queue email-in

New roles take minutes to hold. Next: azd deploy (azd up does it by itself)

"@
