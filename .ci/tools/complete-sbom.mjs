// Adds to an SBOM what no lock file names (the runtime, the status page's library), compares it with what was published, and writes it there.
//   node complete-sbom.mjs SBOM PUBLISHED_FOLDER
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [sbomFile, folder] = process.argv.slice(2)
const page = new URL('../../src/EmailFunctions/Dashboard/page/chart.js/chart.umd.min.js', import.meta.url)
const read = file => JSON.parse(readFileSync(file, 'utf8'))
const component = (ecosystem, name, version) => {
    const purl = `pkg:${ecosystem}/${name}@${version}`
    return { type: 'library', name, version, purl, 'bom-ref': purl }
}

const sbom = read(sbomFile)
const deps = read(join(folder, 'EmailFunctions.deps.json'))
const { includedFrameworks = [] } = read(join(folder, 'EmailFunctions.runtimeconfig.json')).runtimeOptions

// Where the files lay on the machine that made the SBOM is nobody's business.
const withoutPaths = ({ evidence, ...rest }) => ({ ...rest, properties: rest.properties?.filter(property => !/SrcFile/.test(property.name)) })
const platform = deps.runtimeTarget.name.split('/')[1]
const added = [
    ...includedFrameworks.map(framework => component('nuget', `${framework.name}.Runtime.${platform}`, framework.version)),
    component('npm', 'chart.js', /Chart\.js v([\d.]+)/.exec(readFileSync(page, 'utf8'))[1]),
]
sbom.components = [...sbom.components.map(withoutPaths), ...added]
sbom.metadata = withoutPaths(sbom.metadata)

const named = sbom.components.filter(part => part.purl.startsWith('pkg:nuget/')).map(part => `${part.name}/${part.version}`.toLowerCase())
const published = Object.entries(deps.libraries)
    .filter(([, library]) => library.type !== 'project')
    .map(([name]) => name.replace(/^runtimepack\./, '').toLowerCase())
const differences = [
    ...published.filter(name => !named.includes(name)).map(name => `${name} is published, and the SBOM lacks it`),
    ...named.filter(name => !published.includes(name)).map(name => `${name} is in the SBOM, and is not published`),
]
if (differences.length > 0) {
    console.error(differences.join('\n'))
    process.exit(1)
}

writeFileSync(join(folder, 'sbom.cdx.json'), JSON.stringify(sbom, null, 2) + '\n')
console.log(`The SBOM names the ${published.length} packages that are published, and ${sbom.components.length - named.length} beside them.`)
