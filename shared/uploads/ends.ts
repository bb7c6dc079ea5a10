// How uploads go on and end, in a file to import when one does: most of what a cold start is asked for is to
// begin one.

export { completeArrived, completeUpload } from './completion.ts'
export { abortUpload, unfinishedUploads, uploadState } from './progress.ts'
export { sweepUploads } from './sweep.ts'
