/** `1 document`, `6 documents`: a count as people read it, `shown` in another way if need be. */
export const counted = (count: number, what: string, shown = `${count}`): string =>
  `${shown} ${what}${count === 1 ? '' : 's'}`
