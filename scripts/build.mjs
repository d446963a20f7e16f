// npm run build: installs what is missing and builds every package.
import { prepareWorkspace } from './prepare-workspace.mjs'

await prepareWorkspace()
