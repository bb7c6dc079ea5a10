// What `npm start` says once it listens: where, with what, and lines that work as they stand.

import type { Config } from '#shared/config/config.ts'

export function welcome(url: string, config: Config, token: string | undefined): string {
  const stores = [...config.stores.values()]
  const width = Math.max(...stores.map(({ name }) => name.length))
  const [workspace] = config.workspaces.keys()
  return [
    `Skein is at ${url}, configured ${config.source}.`,
    '',
    ...stores.map(({ name, uri }) => `  ${name.padEnd(width)}  ${uri}`),
    '',
    ...(token === undefined || workspace === undefined
      ? ['Try:', `  curl ${url}/healthz`]
      : firstSteps(url, workspace, token)),
  ].join('\n')
}

function firstSteps(url: string, workspace: string, token: string): string[] {
  const bearer = `-H 'Authorization: Bearer ${token}'`
  const api = `${url}/v1/${workspace}`
  return [
    `Token  ${token}`,
    `Page   ${url}/#token=${token}&workspace=${workspace}`,
    '',
    'Upload, list, download:',
    `  curl -LT README.md ${bearer} '${api}/upload?key=hello.md'`,
    `  curl ${bearer} '${api}/objects'`,
    `  curl -L ${bearer} '${api}/download?key=hello.md'`,
  ]
}
