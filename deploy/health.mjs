// Health check of a container: status 0 when the service on the given port answers that it can serve. With certificates
// (FORGE_TLS_CERT) it speaks TLS, and who answers on this container's own loopback is in no doubt.
import http from 'node:http'
import https from 'node:https'

const address = `127.0.0.1:${process.argv[2]}/health`
const isHealthy = (get, url, options) =>
  new Promise(resolve => {
    get(url, options, response => resolve(response.statusCode === 200)).on('error', () => resolve(false))
  })

const healthy =
  (await isHealthy(http.get, `http://${address}`, {})) ||
  (await isHealthy(https.get, `https://${address}`, { rejectUnauthorized: false }))
process.exit(healthy ? 0 : 1)
