import { describe, expect, it } from 'vitest'
import { artifactUrl, parseArtifactUrl, wantedPart } from '../../../../subgraphs/models/artifacts/artifact.ts'

describe('the address of a file', () => {
  it('names a version and a path, there and back', () => {
    const url = artifactUrl('mv_1', 'onnx/model.onnx')
    expect(url).toBe('/artifacts/mv_1/onnx/model.onnx')
    expect(parseArtifactUrl(url)).toEqual({ versionId: 'mv_1', path: 'onnx/model.onnx' })
  })

  it('is none elsewhere', () => {
    expect(parseArtifactUrl('/graphql')).toBeNull()
    expect(parseArtifactUrl('/artifacts')).toBeNull()
  })
})

describe('the part that is wanted of ten bytes', () => {
  const etag = '"sha256:ab"'
  const wanted = (range?: string, more: object = {}) => wantedPart({ range, ...more }, etag, 10)

  it.each([
    ['bytes=0-0', 0, 0],
    ['bytes=4-', 4, 9],
    ['bytes=4-6', 4, 6],
    ['bytes=4-600', 4, 9],
    ['bytes=-3', 7, 9],
    ['bytes=-300', 0, 9],
  ])('is, for "%s", %i to %i', (range, start, end) => {
    expect(wanted(range)).toEqual({ part: { start, end } })
  })

  it.each(['bytes=10-', 'bytes=10-12', 'bytes=-0'])('cannot be had for "%s"', range => {
    expect(wanted(range)).toBe('unsatisfiable')
  })

  it.each([undefined, 'bytes=', 'bytes=-', 'bytes=6-4', 'bytes=0-1,4-5', 'lines=1-2', 'bytes=a-b'])(
    'is the whole for %j',
    range => expect(wanted(range)).toEqual({ part: null }),
  )

  it('is the whole where the part is of another content', () => {
    expect(wanted('bytes=4-', { ifRange: '"sha256:cd"' })).toEqual({ part: null })
    expect(wanted('bytes=4-', { ifRange: etag })).toEqual({ part: { start: 4, end: 9 } })
  })

  it('is nothing where the reader has it already', () => {
    expect(wanted(undefined, { ifNoneMatch: `"x", W/${etag}` })).toBe('unchanged')
    expect(wanted(undefined, { ifNoneMatch: '"x"' })).toEqual({ part: null })
  })
})
