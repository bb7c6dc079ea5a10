// What is generated and committed: the schema that editors complete a configuration from, the edition of its
// rules, the page of what each provider can do, and the API's description. `npm run generate` writes them; a
// test compares.

import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { openApiDocument } from '#shared/api/openapi.ts'
import { editionOf } from '#shared/config/check-ahead.ts'
import { jsonSchema } from '#shared/config/schema.ts'
import { matrixPage } from '#shared/storage/matrix.ts'
import program from '../package.json' with { type: 'json' }

const root = fileURLToPath(new URL('..', import.meta.url))

const PAGE = `# What each provider can do

Made by \`npm run generate\` from the rows of [compatibility.ts](compatibility.ts), which guard every call: what
is "no" here is refused before a request is made. A \`?\` marks a cell that nobody has confirmed:
\`skein config test STORE --probe\` finds out what an endpoint really does. \`tested\` means run against a server of that
very kind, \`documented\` by the vendor, \`assumed\` by likeness.

`

const edition =
  () => `// Of what makes a configuration right, and of what it comes to. Made by \`npm run generate\`.

export const EDITION = '${editionOf(program.version)}'
`

export const GENERATED: Record<string, () => string> = {
  'shared/api/openapi.json': () => `${JSON.stringify(openApiDocument(), null, 2)}\n`,
  'shared/config/edition.ts': edition,
  'shared/config/skein.schema.json': () => `${JSON.stringify(jsonSchema(), null, 2)}\n`,
  'shared/storage/compatibility.md': () => PAGE + matrixPage(),
}

export async function committed(file: string): Promise<string> {
  return readFile(root + file, 'utf8')
}

if (import.meta.main) {
  for (const [file, make] of Object.entries(GENERATED)) {
    await writeFile(root + file, make())
    console.log(file)
  }
}
