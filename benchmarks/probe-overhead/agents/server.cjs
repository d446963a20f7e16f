require('./serve.cjs').serve(require('node:http'))
