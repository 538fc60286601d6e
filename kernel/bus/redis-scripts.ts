import { defineScript } from 'redis'

/**
 * Redis runs a script alone, so what it appends gets its positions and becomes visible at once. A position is a stream
 * id that is common to all streams: the server's milliseconds, or the last ones where its clock went back, and a count.
 *
 * Keys, all under one prefix with a hash tag: `last` newest position · `floors` topic → newest position dropped ·
 * `topic:T` and `key:K` the streams, each with the whole event · `id:I` there while the event is kept.
 */
const publish = `
local prefix, channel = ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = redis.call('GET', prefix .. ':last') or '0-0'
local ms, count = string.match(last, '(%d+)-(%d+)')
ms, count = tonumber(ms), tonumber(count)

local newest
local topics = {}
for i = 3, #ARGV, 5 do
  local id, topic, key, retention, event = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  if redis.call('SET', prefix .. ':id:' .. id, '', 'NX', 'PX', retention) then
    if now > ms then ms, count = now, 0 else count = count + 1 end
    newest = string.format('%.0f-%.0f', ms, count)
    redis.call('XADD', prefix .. ':topic:' .. topic, newest, 'key', key, 'event', event)
    redis.call('XADD', prefix .. ':key:' .. key, newest, 'key', key, 'event', event)
    redis.call('HSETNX', prefix .. ':floors', topic, '0-0')
    table.insert(topics, topic)
  end
end
if newest then
  redis.call('SET', prefix .. ':last', newest)
  redis.call('PUBLISH', channel, cjson.encode({ position = newest, topics = topics }))
end
`

/** Drops the oldest events of one topic, at most as many as asked for; answers how many. */
const sweep = `
local prefix, topic, retention, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local time = redis.call('TIME')
local horizon = time[1] * 1000 + math.floor(time[2] / 1000) - retention
local stream = prefix .. ':topic:' .. topic
local old = redis.call('XRANGE', stream, '-', string.format('%.0f', horizon), 'COUNT', most)
for _, entry in ipairs(old) do
  local byKey = prefix .. ':key:' .. entry[2][2]
  redis.call('XDEL', byKey, entry[1])
  if redis.call('XLEN', byKey) == 0 then redis.call('DEL', byKey) end
  redis.call('XDEL', stream, entry[1])
  redis.call('HSET', prefix .. ':floors', topic, entry[1])
end
return #old
`

const script = <Reply>(source: string) =>
  defineScript({
    SCRIPT: source,
    NUMBER_OF_KEYS: 0,
    parseCommand: (parser, args: readonly string[]) => parser.push(...args),
    transformReply: (reply: Reply) => reply,
  })

export const scripts = { publishEvents: script<null>(publish), sweepTopic: script<number>(sweep) }
