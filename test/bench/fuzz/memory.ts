// Loaded into the server before it starts: tells whoever started it how much memory it holds once everything
// that is garbage has gone. It ends the server when that one has gone.

process.on('message', () => {
  void (async () => {
    // What finalizers let go is garbage only for the next collection.
    for (let i = 0; i < 3; i++) {
      globalThis.gc?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    process.send?.(process.memoryUsage().rss)
  })()
})
process.once('disconnect', () => process.exit(0))
