// Loaded before Azurite: it then keeps what was deleted in memory for a day. It sweeps ten minutes after its start,
// and answers nobody while it does: for a minute and more after as many objects as a whole run makes.

const { dirname, join } = require('node:path')

const constants = require(join(dirname(process.argv[1]), 'utils/constants.js'))
constants.DEFAULT_GC_INTERVAL_MS = 86_400_000
