/** The package comes without types. */
declare module 'asciichart' {
  interface Options {
    readonly height?: number
    readonly colors?: readonly string[]
    readonly format?: (value: number) => string
  }
  const asciichart: {
    readonly cyan: string
    readonly yellow: string
    plot(series: readonly (readonly number[])[], options?: Options): string
  }
  export default asciichart
}
