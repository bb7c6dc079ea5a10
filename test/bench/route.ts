// What the benchmarks of the API ask, on every side: one route of one workspace over one bucket.

export const WORKSPACE = 'app'
export const STORE = 'photos'
export const BUCKET = 'examplebucket'
export const REGION = 'eu-central-1'
export const ROUTE = `/v1/${WORKSPACE}/uploads`
export const PLAN_STATUS = 200
