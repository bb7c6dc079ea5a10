// What a cold start that only signs pays for: no SDK, no library for JWTs, no prices, no description. What is
// rarely needed is imported when it is.

import { expect, test } from 'vitest'
import { staticClosure } from '../house/imports.ts'

const closure = [...staticClosure('shared/app.ts')]

test('the way to a signature loads two small packages', () => {
  const packages = closure.flatMap(([, imports]) =>
    imports.filter(({ file }) => file === undefined).map(({ specifier }) => specifier),
  )
  const others = packages.filter((name) => !/^(node:|hono(\/|$))/.test(name))
  expect(others).toEqual([])
})

test('and none of what is needed seldom', () => {
  const seldom = /wire\/jose|api\/(openapi|responses)|prices\/(?!rules)|providers\/\w+\/driver/
  expect(closure.map(([file]) => file).filter((file) => seldom.test(file))).toEqual([])
})
