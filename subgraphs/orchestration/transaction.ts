/** Time to get a connection and to end, in milliseconds, on a machine whose cores all train. */
export const patient = { maxWait: 10_000, timeout: 20_000 } as const
