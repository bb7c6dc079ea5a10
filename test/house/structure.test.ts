// The structure of the house, held by a test: imports go downward, signing loads no SDK, and what a Worker
// cannot have stays out of what a Worker loads.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, importsOf, sourceFiles, staticClosure } from './imports.ts'

/** From top to bottom; a row's folders never import each other. */
const RANKS: readonly (readonly string[])[] = [
  ['app.ts', 'front.ts'],
  ['api', 'tasks.ts'],
  ['suite.ts'],
  ['job-kinds.ts'],
  ['config'],
  ['uploads'],
  ['migration', 'recovery'],
  ['cost'],
  ['replication', 'integrity'],
  ['workspaces'],
  ['access'],
  ['sync'],
  ['copy'],
  ['compare'],
  ['events'],
  ['jobs'],
  ['prices'],
  ['seal.ts'],
  ['storage'],
  ['wire'],
  ['metrics'],
  ['client'],
  ['shape', 'platform.ts', 'schedules.ts', 'page.ts'],
]

/** `node:` modules that Workers have under nodejs_compat, and that behave there. */
const WORKER_HAS = /^node:(crypto|buffer|stream|zlib|util|async_hooks|url|events|http|https)(\/|$)/
/** Where others may be named: behind `platform.fileSystem`, or the file system itself. */
const LOCAL_ONLY = [
  /^shared\/storage\/providers\/file\//,
  /local-machine\.ts$/,
  /azure-cli\.ts$/,
  /credentials\.ts$/,
]

const LONGEST = 400
const DATA = ['shared/storage/compatibility.ts']

function roomOf(file: string): string {
  return file.split('/')[1]!
}

function rankOf(room: string): number {
  return RANKS.findIndex((row) => row.includes(room))
}

test('every file of shared/ lies in a room that has a rank', () => {
  const lost = sourceFiles('shared').filter((file) => rankOf(roomOf(file)) < 0)
  expect(lost).toEqual([])
})

test('imports go downward or stay inside their room', () => {
  const upward = sourceFiles('shared').flatMap((file) =>
    importsOf(file)
      .filter((one) => one.file !== undefined)
      .filter(({ file: target }) => {
        if (!target!.startsWith('shared/')) return true
        return roomOf(target!) !== roomOf(file) && rankOf(roomOf(target!)) <= rankOf(roomOf(file))
      })
      .map(({ specifier }) => `${file} imports ${specifier}`),
  )
  expect(upward).toEqual([])
})

test('deploy targets do not import each other', () => {
  const crossed = sourceFiles('functions').flatMap((file) =>
    importsOf(file)
      .filter(({ file: target }) => target?.startsWith('functions/'))
      .filter(
        ({ file: target }) => target!.split('/').length > 2 && roomOf(target!) !== roomOf(file),
      )
      .filter(() => file.split('/').length > 2)
      .map(({ specifier }) => `${file} imports ${specifier}`),
  )
  expect(crossed).toEqual([])
})

test('what signs loads no package at all', () => {
  const packages = [...staticClosure('shared/storage/open.ts')].flatMap(([file, imports]) =>
    imports
      .filter((one) => one.file === undefined && !WORKER_HAS.test(one.specifier))
      .map(({ specifier }) => `${file} imports ${specifier}`),
  )
  expect(packages).toEqual([])
})

test('a package is never imported dynamically, since a bundle would lose its names', () => {
  const dynamic = ['shared', 'functions']
    .flatMap((folder) => sourceFiles(folder))
    .flatMap((file) =>
      importsOf(file)
        .filter((one) => one.kind === 'dynamic' && one.file === undefined)
        .filter(({ specifier }) => !specifier.startsWith('node:'))
        .map(({ specifier }) => `${file} imports ${specifier}`),
    )
  expect(dynamic).toEqual([])
})

test('node modules that Workers lack are named only where folders are real', () => {
  const foreign = sourceFiles('shared')
    .filter((file) => !LOCAL_ONLY.some((place) => place.test(file)))
    .flatMap((file) =>
      importsOf(file)
        .filter(
          ({ specifier, kind }) =>
            specifier.startsWith('node:') && kind !== 'type' && !WORKER_HAS.test(specifier),
        )
        .map(({ specifier }) => `${file} imports ${specifier}`),
    )
  expect(foreign).toEqual([])
})

test('every import of a file leads to one', () => {
  const broken = ['shared', 'functions', 'test'].flatMap((folder) =>
    sourceFiles(folder).flatMap((file) =>
      importsOf(file)
        .filter((one) => one.file !== undefined && !existsSync(join(ROOT, one.file)))
        .map(({ specifier }) => `${file} imports ${specifier}`),
    ),
  )
  expect(broken).toEqual([])
})

test(`no file of source is longer than ${LONGEST} lines`, () => {
  const long = ['shared', 'functions'].flatMap((folder) =>
    sourceFiles(folder)
      .filter((file) => !DATA.includes(file))
      .map((file) => ({ file, lines: readFileSync(join(ROOT, file), 'utf8').split('\n').length }))
      .filter(({ lines }) => lines > LONGEST),
  )
  expect(long).toEqual([])
})

test('the top level is as it was fixed', () => {
  const allowed = new Set([
    ...[
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'functions',
      'shared',
      'test',
      'serverless.yml',
    ],
    ...['wrangler.toml', 'README.md', 'LICENSE', 'node_modules', 'dist', 'skein-data'],
  ])
  const others = readdirSync(ROOT).filter((name) => !name.startsWith('.') && !allowed.has(name))
  expect(others).toEqual([])
})
