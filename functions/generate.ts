// What is generated and committed: the schema that editors complete a configuration from, and the page of
// what each provider can do, and the API's description. `npm run generate` writes them; a test compares.

import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { openApiDocument } from '#shared/api/openapi.ts'
import { jsonSchema } from '#shared/config/schema.ts'
import { matrixPage } from '#shared/storage/matrix.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

const PAGE = `# What each provider can do

Made by \`npm run generate\` from the rows of [compatibility.ts](compatibility.ts), which guard every call: what
is "no" here is refused before a request is made. A \`?\` marks a cell that nobody has confirmed:
\`skein config test STORE --probe\` finds out what an endpoint really does. \`tested\` means run against a server of that
very kind, \`documented\` by the vendor, \`assumed\` by likeness.

`

export const GENERATED: Record<string, () => string> = {
  'shared/api/openapi.json': () => `${JSON.stringify(openApiDocument(), null, 2)}\n`,
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
