// Shapes that several files use.

@export()
@description('Tags by name.')
type tagTexts = { *: string }

@export()
@secure()
@description('Settings by name. Secure, so that Azure does not show their values in the history of deployments.')
type settingTexts = { *: string }
