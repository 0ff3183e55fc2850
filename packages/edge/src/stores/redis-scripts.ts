/**
 * One script per algorithm: the same arithmetic as `rate/sliding-window.ts` and `rate/token-bucket.ts`, in the same order,
 * so that the same calls get the same answers. Each answers `{allowed, remaining, seconds until quota comes back}`, and
 * writes nothing for a refused call. A state more than its lifetime ahead of now comes from a clock that was set back,
 * and is dropped rather than obeyed.
 */

const NOW = `
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local stored = redis.call('GET', KEYS[1])
local state = stored and cmsgpack.unpack(stored)
`;

/** ARGV: now in milliseconds or empty for the server's own clock, cost, limit, slots, parts of a window, its milliseconds. */
export const WINDOW_SCRIPT = `${NOW}
local cost, limit = tonumber(ARGV[2]), tonumber(ARGV[3])
local slots, parts, window = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local slot = math.floor(now * parts / window)
local counts, total = {}, 0
for at = 1, slots do counts[at] = 0 end
if state and state[1] - slot <= slots then
  local last = state[1]
  slot = math.max(slot, last)
  for s = slot - slots + 1, last do
    local at = s % slots + 1
    counts[at] = state[at + 1]
    total = total + counts[at]
  end
end
local allowed = total + cost <= limit
if allowed and cost > 0 then
  local at = slot % slots + 1
  counts[at] = counts[at] + cost
  total = total + cost
  redis.call('SET', KEYS[1], cmsgpack.pack({slot, unpack(counts)}), 'PX', math.ceil(slots * window / parts))
end
local wanted = math.min(total, allowed and 1 or total + cost - limit)
local wait, freed, age = 0, 0, slots
while freed < wanted do
  age = age - 1
  freed = freed + counts[(slot - age) % slots + 1]
  wait = slots - age
end
local seconds = math.ceil(((slot + wait) * window - now * parts) / (parts * 1000))
return {allowed and 1 or 0, limit - total, math.max(1, seconds)}
`;

/** ARGV: now in milliseconds or empty for the server's own clock, cost, limit, burst, milliseconds of the window. */
export const BUCKET_SCRIPT = `${NOW}
local cost, limit = tonumber(ARGV[2]), tonumber(ARGV[3])
local burst, units = tonumber(ARGV[4]), tonumber(ARGV[5])
local debt = 0
if state and state[2] - now <= units then
  now = math.max(now, state[2])
  debt = math.max(0, state[1] - (now - state[2]) * limit)
end
local capacity = burst * units
local allowed = debt + cost * units <= capacity
if allowed and cost > 0 then
  debt = debt + cost * units
  redis.call('SET', KEYS[1], cmsgpack.pack({debt, now}), 'PX', units)
end
local remaining = math.floor((capacity - debt) / units)
local wanted = allowed and math.min(remaining + 1, burst) or math.min(cost, burst)
local wait_ms = (debt - (burst - wanted) * units) / limit
return {allowed and 1 or 0, remaining, math.max(1, math.ceil(wait_ms / 1000))}
`;

/** ARGV: owner, fingerprint, milliseconds. Nothing when the key was free, else what is known of it. */
export const BEGIN_SCRIPT = `
local known = redis.call('HMGET', KEYS[1], 'fingerprint', 'state', 'answer')
if known[1] then return known end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'fingerprint', ARGV[2], 'state', 'running')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return false
`;

/** ARGV: owner, answer, milliseconds. */
export const FINISH_SCRIPT = `
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'state', 'done', 'answer', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`;

/** ARGV: owner. What is done stays, whoever did it. */
export const ABANDON_SCRIPT = `
local known = redis.call('HMGET', KEYS[1], 'owner', 'state')
if known[1] ~= ARGV[1] or known[2] == 'done' then return 0 end
return redis.call('DEL', KEYS[1])
`;

/** ARGV: milliseconds. */
export const CLAIM_SCRIPT = `
return redis.call('SET', KEYS[1], '', 'NX', 'PX', ARGV[1]) and 1 or 0
`;

export const RELEASE_SCRIPT = `
return redis.call('DEL', KEYS[1])
`;
