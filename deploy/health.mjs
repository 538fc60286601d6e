// Health check of a container: status 0 when the service on the given port answers that it can serve.
try {
  const response = await fetch(`http://127.0.0.1:${process.argv[2]}/health`)
  process.exit(response.ok ? 0 : 1)
} catch {
  process.exit(1)
}
