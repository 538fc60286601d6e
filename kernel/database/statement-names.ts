/** Statements that a connection keeps prepared. Texts come from code, but lists of values make them as many as lengths of lists. */
const maxNames = 300

/**
 * Names statements by their text, so that PostgreSQL parses and plans each of them once a connection: of a small read
 * that is most of its work. Those that come after the first 300 have no name, and are prepared anew each time.
 */
export function statementNames(): (statement: { readonly sql: string }) => string {
  const names = new Map<string, string>()
  return ({ sql }) => {
    const known = names.get(sql)
    if (known !== undefined) return known
    // The empty name is PostgreSQL's for a statement that is not kept.
    if (names.size >= maxNames) return ''
    const name = `forge_${names.size}`
    names.set(sql, name)
    return name
  }
}
