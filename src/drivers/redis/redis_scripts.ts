/**
 * The steps that a cache takes in Redis, each of them atomic. A scope has these keys, all with one hash tag, so that a
 * cluster keeps them in one place:
 *
 * ```text
 * :s            the state, as a text: server generation position barrier floor bytes intents due
 * :c            the log, a stream: the id of a record is its position, and it has one field
 * :i            the intents, a hash: id of the write → its row and the encoded change
 * :d            when they are due, by the clock of the server, a sorted set
 * :e:{key}      an entry: generation (16 bytes), at, until, fetchedAt (8 bytes each), rows
 * ```
 *
 * `generation` is a nonce, made when everything was invalidated: an entry or a fence of another one is invalid, and so is
 * all of a scope without a state. `server` is the process that the state was made in: after a restart or a failover it is
 * another one, and what Redis has may be older than what was acknowledged. No position is used twice in a generation, and
 * each record has the one after that before it: so a record that is missing, since it was evicted, is noticed. `barrier` is
 * the position of the last invalidation, `floor` the one that the log reaches back to.
 *
 * A record is made of its generation (16 bytes), its kind, `from` (8 bytes, negative if there is none), whether it overlaps,
 * the lengths of the next two (4 bytes each), its row, its write, and the encoded change. The kinds are `c` for a change,
 * `p` for an invalidation of the keys with a prefix, which is in the place of the row, and `k` for one of all.
 */
const PRELUDE = `
local S, C, I, D = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local server, nonce, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3])
local life = string.format('%.0f', 2 * ttl)
local call = redis.call

if server == '' then
  local facts = call('INFO', 'replication')
  if not string.find(facts, 'role:master', 1, true) then return redis.error_reply('READONLY This is a replica') end
  local run = string.match(call('INFO', 'server'), 'run_id:(%x+)')
  server = string.sub(run, 1, 16) .. string.sub(string.match(facts, 'master_replid:(%x+)'), 1, 16)
end

local function whole(number) return string.format('%.0f', number) end
local function id(position) return whole(position) .. '-0' end

local function parsed()
  local text = call('GET', S)
  if not text then return nil end
  local made, gen, pos, barrier, floor, bytes, intents, due =
    string.match(text, '^(%S+) (%S+) (%d+) (%d+) (%d+) (%d+) (%d+) (%S+)$')
  if not made then return nil end
  return { made = made, gen = gen, pos = tonumber(pos), barrier = tonumber(barrier), floor = tonumber(floor),
    bytes = tonumber(bytes), intents = tonumber(intents), due = due }
end

local function intact(s)
  if s.made ~= server then return false end
  if s.intents == 0 then return true end
  return call('ZCARD', D) == s.intents and call('HLEN', I) == s.intents
end

local function save(s, run)
  local numbers = { whole(s.pos), whole(s.barrier), whole(s.floor), whole(s.bytes), whole(s.intents) }
  run('SET', S, server .. ' ' .. s.gen .. ' ' .. table.concat(numbers, ' ') .. ' ' .. s.due, 'PX', life)
end

local function current()
  local s = parsed()
  if s and intact(s) then return s end
  return nil
end

local function opened()
  local s = parsed()
  if s and intact(s) then return s end
  local now = call('TIME')
  local pos = now[1] * 1000 + math.floor(now[2] / 1000)
  if s and s.pos >= pos then pos = s.pos + 1 end
  local intents, due = call('ZCARD', D), '-'
  if intents > 0 and call('HLEN', I) == intents then
    due = call('ZRANGE', D, 0, 0, 'WITHSCORES')[2]
  else
    intents = 0
    call('UNLINK', I, D)
  end
  call('UNLINK', C)
  s = { gen = nonce, pos = pos, barrier = pos, floor = pos, bytes = 0, intents = intents, due = due }
  save(s, call)
  return s
end

local function fence(s) return s.gen .. ':' .. whole(s.pos) end

local function last()
  for _, key in ipairs({ C, I, D }) do call('PEXPIRE', key, life) end
end
`;

/** The changes after a position; `nil` if the log does not reach back to it. */
const REACH = `
local function after(s, at)
  if at < s.floor or at > s.pos then return nil end
  if at == s.pos then return {} end
  local found = call('XRANGE', C, '(' .. id(at), '+')
  if #found ~= s.pos - at then return nil end
  return found
end
`;

/** What adds records to the log, and cuts it by half where it is too long. */
const APPEND = `
local function size(record) return 64 + #record end

local function record(s, kind, row, write, from, overlaps, body)
  return s.gen .. kind .. struct.pack('>dBI4I4', from, overlaps, #row, #write) .. row .. write .. body
end

local function of(record)
  local _, _, rows, writes = struct.unpack('>dBI4I4', record, 18)
  return string.sub(record, 35, 34 + rows), string.sub(record, 35 + rows, 34 + rows + writes)
end

local function cut(s, count, bytes)
  while s.floor < s.pos and (s.pos - s.floor > count or s.bytes > bytes) do
    local found = call('XRANGE', C, '(' .. id(s.floor), '+', 'COUNT', 32)
    if #found == 0 then
      s.floor, s.bytes = s.pos, 0
    end
    for _, record in ipairs(found) do
      if s.pos - s.floor <= count and s.bytes <= bytes then break end
      s.floor = tonumber(string.match(record[1], '^%d+'))
      s.bytes = math.max(0, s.bytes - size(record[2][2]))
    end
  end
  call('XTRIM', C, 'MINID', id(s.floor + 1))
end

local function append(s, most, mostBytes, record)
  if s.pos - s.floor >= most or s.bytes >= mostBytes then cut(s, math.floor(most / 2), math.floor(mostBytes / 2)) end
  s.pos = s.pos + 1
  s.bytes = s.bytes + size(record)
  save(s, call)
  call('XADD', C, id(s.pos), 'r', record)
end

local function due(s)
  s.intents = call('ZCARD', D)
  s.due = s.intents == 0 and '-' or call('ZRANGE', D, 0, 0, 'WITHSCORES')[2]
end

local function finish(s, write)
  if s.intents == 0 or call('ZREM', D, write) == 0 then return false end
  call('HDEL', I, write)
  due(s)
  return true
end

local function intent(write)
  local text = call('HGET', I, write)
  local length = string.match(text, '^%d+')
  local from = #length + 2
  return string.sub(text, from, from + length - 1), string.sub(text, from + length)
end

local function turn(s, write, most, mostBytes)
  local row, body = intent(write)
  finish(s, write)
  append(s, most, mostBytes, record(s, 'c', row, write, -1, 0, body))
end
`;

/** Answers with the fence of a scope. */
export const FENCE: string = `${PRELUDE}
return fence(opened())
`;

/** Answers with the state, an entry, the records after it, the server, and its time. */
export const GET: string = `${PRELUDE}${REACH}
local s, entry = current(), call('GETRANGE', KEYS[5], 0, 23)
if not s or #entry == 0 then return nil end
local found = {}
if #entry == 24 and string.sub(entry, 1, 16) == s.gen then found = after(s, struct.unpack('>d', entry, 17)) end
local now = call('TIME')
return { call('GET', S), call('GET', KEYS[5]), found or {}, server, whole(now[1] * 1000 + math.floor(now[2] / 1000)) }
`;

/** Stores an entry, unless something newer is known. */
export const PUT: string = `${PRELUDE}
local s, at = current(), tonumber(ARGV[5])
if ARGV[4] == '' then
  s = s or opened()
  at = s.pos
else
  if not s or s.gen ~= ARGV[4] or not at or at < s.barrier or at < s.floor or at > s.pos then return 0 end
  if at < s.pos then
    local next = call('XRANGE', C, '(' .. id(at), '+', 'COUNT', 1)
    if #next == 0 or next[1][1] ~= id(at + 1) then return 0 end
  end
end
local held = call('GETRANGE', KEYS[5], 0, 23)
if #held == 24 and string.sub(held, 1, 16) == s.gen and struct.unpack('>d', held, 17) > at then return 0 end
local landed = s.intents > 0 and s.pos + 0.5 or s.pos
local til = tonumber(ARGV[6]) or landed
if til > landed then til = landed end
call('SET', KEYS[5], s.gen .. struct.pack('>ddd', at, til, tonumber(ARGV[7])) .. ARGV[8], 'PX', ARGV[3])
call('PEXPIRE', S, life)
last()
return 1
`;

/** Logs a change. */
export const CHANGE: string = `${PRELUDE}${REACH}${APPEND}
local since, at, row, write, body, bare = ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local most, mostBytes = tonumber(ARGV[10]), tonumber(ARGV[11])
local s = opened()
local from, overlaps = -1, 0
if write ~= '' then finish(s, write) end
if since ~= '' then
  local found = at and since == s.gen and after(s, at)
  if not found then
    if write ~= '' then overlaps = 1 end
  else
    if row ~= '' then from = at end
    for _, other in ipairs(found) do
      local otherRow, otherWrite = of(other[2][2])
      if string.sub(other[2][2], 17, 17) == 'c' and (row == '' or otherRow == '' or otherRow == row) then
        from = -1
        if write ~= '' and otherWrite ~= '' and otherWrite ~= write then overlaps = 1 end
      end
    end
  end
end
if bare ~= '' and s.intents > 0 then
  local inFlight = s.intents > 128
  if not inFlight then
    for _, other in ipairs(call('ZRANGE', D, 0, -1)) do
      local otherRow = intent(other)
      if row == '' or otherRow == '' or otherRow == row then inFlight = true end
    end
  end
  if inFlight then body = bare end
end
append(s, most, mostBytes, record(s, 'c', row, write, from, overlaps, body))
last()
return fence(s)
`;

/** Logs that a write is about to be sent. Beyond the most intents, the first ones count as overdue. */
export const INTENT: string = `${PRELUDE}${APPEND}
local write, row, dueAt, body = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local most, mostBytes = tonumber(ARGV[8]), tonumber(ARGV[9])
local s = opened()
call('HSET', I, write, #row .. ':' .. row .. body)
call('ZADD', D, dueAt, write)
due(s)
while s.intents > most do turn(s, call('ZRANGE', D, 0, 0)[1], most, mostBytes) end
save(s, call)
last()
return fence(s)
`;

/** Ends an intent of which nothing came. */
export const SETTLED: string = `${PRELUDE}${APPEND}
local s = opened()
if finish(s, ARGV[4]) then save(s, call) end
return fence(s)
`;

/** Logs the changes of the intents that are due at a time, or so much later that a clock was set back. */
export const OVERDUE: string = `${PRELUDE}${APPEND}
local s = opened()
for _, range in ipairs({ { '-inf', ARGV[4] }, { '(' .. ARGV[5], '+inf' } }) do
  for _, write in ipairs(call('ZRANGEBYSCORE', D, range[1], range[2])) do
    turn(s, write, tonumber(ARGV[6]), tonumber(ARGV[7]))
  end
end
last()
return fence(s)
`;

/**
 * Invalidates the whole scope, or the keys with a prefix, which are found when they are read. The state is deleted first,
 * which succeeds where there is no memory left, and invalidates everything.
 */
export const INVALIDATE: string = `${PRELUDE}${APPEND}
local s, prefix = opened(), ARGV[4]
if prefix ~= '' then
  s.barrier = s.pos + 1
  append(s, tonumber(ARGV[5]), tonumber(ARGV[6]), record(s, 'p', prefix, '', -1, 0, ''))
  last()
  return fence(s)
end
s.gen, s.pos, s.bytes = nonce, s.pos + 1, 0
s.barrier, s.floor = s.pos, s.pos
call('UNLINK', S, C)
save(s, redis.pcall)
redis.pcall('XADD', C, id(s.pos), 'r', record(s, 'k', '', '', -1, 0, ''))
last()
return fence(s)
`;
