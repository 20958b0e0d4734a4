import { toScript } from '../redis/script.ts'
import { MAX_ENTRIES } from './admission-log.ts'

/** The longest value that this script writes, even if a limit was lowered in between. */
const MAX_BYTES = 4 + 12 * (2 * MAX_ENTRIES + 2)

/**
 * Counts a request in all logs or in none, by the clock of Redis. Each key has one log of admission-log.ts. ARGV has
 * limit and window in ms per key. The reply says whether all admit, then what is used and when the oldest entry expires.
 *
 * A value is the sum of all counts (4 bytes), then the entries, oldest first: time in ms (8 bytes), count (4 bytes).
 * Other clients may write these keys, and clocks step back: no value blocks for longer than a window from now.
 */
export const takeScript = toScript(`
local seconds, micros = unpack(redis.call('TIME'))
local now = seconds * 1000 + micros / 1000

local function read(key, limit, window)
  local log = { value = '', first = 1, used = 0 }
  local value = redis.pcall('GET', key)
  if type(value) ~= 'string' or #value % 12 ~= 4 or #value > ${MAX_BYTES} then return log end
  log.used = struct.unpack('<I4', value)
  for at = 5, #value, 12 do
    local time, count = struct.unpack('<dI4', value, at)
    if time > now - window then
      log.value, log.first, log.oldest = value, at, time
      log.newest, log.count = struct.unpack('<dI4', value, #value - 11)
      break
    end
    log.used = math.max(0, log.used - count)
  end
  if not log.oldest then
    log.used = 0
  elseif not (log.oldest <= log.newest and log.newest <= now) then
    log.used = math.max(1, math.min(log.used, limit))
    log.value = struct.pack('<I4dI4', log.used, now, log.used)
    log.first, log.oldest, log.newest, log.count, log.repaired = 5, now, now, log.used, true
  end
  return log
end

local function write(key, log, window)
  redis.call('SET', key, struct.pack('<I4', log.used) .. string.sub(log.value, log.first), 'PX', window)
end

local function add(log, limit, window)
  local grain = limit > ${MAX_ENTRIES} and window / ${MAX_ENTRIES} or 0
  local count = 1
  if grain > 0 and log.newest and math.floor(log.newest / grain) == math.floor(now / grain) then
    count = log.count + 1
    log.value = string.sub(log.value, 1, -13)
  end
  if log.first > #log.value then log.oldest = now end
  log.value = log.value .. struct.pack('<dI4', now, count)
  log.used = log.used + 1
end

local logs = {}
local reply = { 1 }
for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  logs[i] = read(key, limit, window)
  if logs[i].used >= limit then reply[1] = 0 end
end
for i, key in ipairs(KEYS) do
  local log, limit, window = logs[i], tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  if reply[1] == 1 then add(log, limit, window) end
  if reply[1] == 1 or log.repaired then write(key, log, window) end
  reply[2 * i] = log.used
  reply[2 * i + 1] = log.oldest and math.ceil(log.oldest + window - now) or 0
end
return reply
`)
