// The local process's own small database: tasks and schedules. A commit that returned survives the process's
// death and the machine's, and several processes may have it open.

import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const BUSY_MILLISECONDS = 5000

const TABLES = `
  CREATE TABLE IF NOT EXISTS tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    body TEXT NOT NULL,
    visible_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    holder TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS tasks_by_time ON tasks (visible_at);
  CREATE TABLE IF NOT EXISTS set_aside (
    id INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS schedules (
    name TEXT PRIMARY KEY,
    next_at INTEGER NOT NULL
  ) STRICT;
`

export function openDatabase(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    const database = new DatabaseSync(path, { timeout: BUSY_MILLISECONDS })
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    database.exec(TABLES)
    return database
  } catch (cause) {
    const { message } = cause as Error
    throw new Error(`The local state in ${path} cannot be opened: ${message}.`, { cause })
  }
}

/** All of it or nothing. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}
