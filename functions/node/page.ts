// Serves the page at `/` to whoever asks the local process: it holds nothing secret, and can do nothing without
// a token. A build has put one bundled script beside it; from source, each file is stripped of its types as it
// is asked for, so that nothing has to be built.

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'

const here = import.meta.url
const FOLDER = ['./page/', '../page/']
  .map((path) => fileURLToPath(new URL(path, here)))
  .find((path) => existsSync(`${path}index.html`))
const CLIENT_FOLDER = fileURLToPath(new URL('../../shared/client/', here))

/** The bytes go to clouds wherever they are; all else is the page's own. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  'img-src data:',
  "connect-src 'self' http: https:",
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ')

const HEADERS = {
  'cache-control': 'no-cache',
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

const SCRIPT = 'text/javascript; charset=utf-8'

/** Undefined for what is no part of the page. */
export async function servePage(request: Request): Promise<Response | undefined> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
  const found = await fileAt(new URL(request.url).pathname)
  if (found === undefined) return undefined
  const { type, content } = found
  const body = request.method === 'HEAD' ? null : content
  return new Response(body, { headers: { ...HEADERS, 'content-type': type } })
}

interface Served {
  type: string
  content: string
}

async function fileAt(path: string): Promise<Served | undefined> {
  if (FOLDER === undefined) return undefined
  if (path === '/') return served('text/html; charset=utf-8', `${FOLDER}index.html`)
  if (path === '/page/page.css') return served('text/css; charset=utf-8', `${FOLDER}page.css`)
  const bundle = `${FOLDER}page.js`
  if (path === '/page/page.js' && existsSync(bundle)) return served(SCRIPT, bundle)
  const source = sourceAt(path, FOLDER)
  if (source === undefined || !existsSync(source)) return undefined
  const { type, content } = await served(SCRIPT, source)
  const script = stripTypeScriptTypes(content).replaceAll("'#shared/client/", "'/page/client/")
  return { type, content: script }
}

async function served(type: string, file: string): Promise<Served> {
  return { type, content: await readFile(file, 'utf8') }
}

/** The TypeScript behind a script's address. */
function sourceAt(path: string, folder: string): string | undefined {
  const [, client, name] = /^\/page\/(client\/)?([a-z0-9-]+)\.[jt]s$/.exec(path) ?? []
  return name && `${client ? CLIENT_FOLDER : folder}${name}.ts`
}
