-- What every change of the record begins with: reads it, makes sure that this server has written it, and knows how to change it.
--
-- KEYS: record, versions, intents, members, all with one hash tag. ARGV[1]: the channel. An answer begins with 0, or with why nothing was done.
-- Counters (message numbers, renewals, versions) stay below 2^53, where Lua's numbers end: that is 285 years at a million a second. What callers
-- make up (ids, generations, terms) stays a string of bytes here; no number is made of it except where it is compared with a counter,
-- and rounding cannot change how it compares.
local DONE, GONE, OTHER_EPOCH, BEHIND, NOT_MEMBER, UNSETTLED = 0, 1, 2, 3, 4, 5
local OTHER_TERMS, FULL, TOO_MANY_SLOTS, OTHER_FORMAT, NOT_PRIMARY = 6, 7, 8, 9, 10
local FORMAT, SLOTS_MAX, MEMBERS_MAX, TWO_32 = '1', 4096, 1024, 4294967296
-- The fields of hashes below, so that a hash without members or intents is there all the same, and one that was lost is missed.
local ALWAYS = ''

local call = redis.call
local record_key, versions_key, intents_key, members_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local channel = ARGV[1]

local function number(bytes, from)
  local high, low = struct.unpack('>I4I4', bytes, from)
  return high * TWO_32 + low
end

local function packed(value)
  return struct.pack('>I4I4', math.floor(value / TWO_32), value % TWO_32)
end

-- The history of the data: drawn anew when a server starts as a primary, when a replica is made one, and when a primary loses its
-- replicas for long. A server that follows another one tells that one's, so it has to be a primary besides.
local replication = call('INFO', 'replication')
local run = string.match(replication, 'replid:(%x+)')
if not run or not string.find(replication, 'role:master', 1, true) then
  return {NOT_PRIMARY}
end

local format, run_kept, epoch, terms, generation, settled, seq, renewals, fingerprint
local member_count, is_present = 0, false
local kept = redis.pcall('HMGET', record_key, 'format', 'run', 'epoch', 'terms', 'generation', 'settled', 'seq', 'renewals', 'fingerprint')
if not kept.err then
  format, run_kept, epoch, terms, generation, settled, seq, renewals, fingerprint = unpack(kept)
  if format and format ~= FORMAT then
    return {OTHER_FORMAT, format}
  end
  seq, renewals = tonumber(seq or ''), tonumber(renewals or '')
  if run_kept == run and seq and renewals and settled and #(epoch or '') == 16 and #(terms or '') == 33
    and #(generation or '') == 8 and #(fingerprint or '') == 16 then
    -- A server that is short of memory may have evicted a part of it; one of another type answers a table.
    local members, intents = redis.pcall('HLEN', members_key), redis.pcall('HLEN', intents_key)
    local bytes = redis.pcall('STRLEN', versions_key)
    if type(members) == 'number' and type(intents) == 'number' and members > 0 and intents > 0
      and bytes == struct.unpack('>I4', terms, 1) * 8 then
      member_count, is_present = members - 1, true
    end
  end
end

local function slot_count()
  return (struct.unpack('>I4', terms, 1))
end

-- The first command that changes something decides whether a server that is short of memory lets a script go on; taking away is
-- always allowed. The record does not grow without bound, and it is what keeps the others' results fresh.
local function change_even_if_memory_is_short()
  call('HDEL', record_key, ALWAYS)
end

-- Why the caller, who knows this epoch and has applied this number, is refused.
local function refusal(known, applied)
  if not is_present then
    return {GONE}
  elseif epoch ~= known then
    return {OTHER_EPOCH, epoch}
  elseif applied and seq < number(applied, 1) then
    return {BEHIND}
  end
end

local function are_slots(slots)
  if #slots % 4 ~= 0 or #slots > (SLOTS_MAX + 1) * 4 then
    return false
  end
  local count = slot_count()
  for from = 1, #slots, 4 do
    if struct.unpack('>I4', slots, from) >= count then
      return false
    end
  end
  return true
end

local function publish(kind, body)
  seq = call('HINCRBY', record_key, 'seq', 1)
  call('PUBLISH', channel, kind .. epoch .. packed(seq) .. body)
end

-- Slots with their versions. Commands take a limited number of arguments from Lua.
local function versions(slots, is_raised)
  local count, numbers = slot_count(), {}
  for first = 1, #slots, 4000 do
    local command, asked = {'BITFIELD', versions_key}, {}
    for from = first, math.min(first + 3999, #slots), 4 do
      local slot = struct.unpack('>I4', slots, from)
      if slot < count then
        command[#command + 1] = is_raised and 'INCRBY' or 'GET'
        command[#command + 1] = 'i64'
        command[#command + 1] = '#' .. slot
        if is_raised then
          command[#command + 1] = 1
        end
        asked[#asked + 1] = slot
      end
    end
    if #asked > 0 then
      local answer = call(unpack(command))
      for index, slot in ipairs(asked) do
        numbers[slot] = answer[index]
      end
    end
  end
  local pairs_of_all = {}
  for from = 1, #slots, 4 do
    local slot = struct.unpack('>I4', slots, from)
    pairs_of_all[#pairs_of_all + 1] = struct.pack('>I4', slot) .. packed(numbers[slot] or 0)
  end
  return table.concat(pairs_of_all)
end

-- An intent is member (16 bytes), number (8), session (8), fingerprint (16), number of its message (8), whether it is widened (1), slots (4 each).
local function widened(intent)
  local whole = string.sub(terms, 5, 8)
  local wanted, at = struct.unpack('>I4', whole), #intent + 1
  for from = 58, #intent, 4 do
    local slot = struct.unpack('>I4', intent, from)
    if slot == wanted then
      at = nil
      break
    elseif slot > wanted then
      at = from
      break
    end
  end
  local slots = string.sub(intent, 58)
  if at then
    slots = string.sub(intent, 58, at - 1) .. whole .. string.sub(intent, at)
  end
  return string.sub(intent, 1, 56) .. '\1' .. slots
end

local function register(intent)
  local id = string.sub(intent, 1, 24)
  if call('HEXISTS', intents_key, id) == 1 then
    return
  end
  intent = string.sub(intent, 1, 48) .. packed(seq + 1) .. '\0' .. string.sub(intent, 58)
  if string.sub(intent, 33, 48) ~= fingerprint then
    intent = widened(intent)
  end
  call('HSET', intents_key, id, intent)
  publish('B', intent)
end

local function declare(declared)
  if declared == fingerprint then
    return
  end
  local all = call('HGETALL', intents_key)
  for index = 1, #all, 2 do
    local id, intent = all[index], all[index + 1]
    if id ~= ALWAYS and string.byte(intent, 57) == 0 and string.sub(intent, 33, 48) ~= declared then
      call('HSET', intents_key, id, widened(intent))
    end
  end
  fingerprint = declared
  call('HSET', record_key, 'fingerprint', fingerprint)
  publish('D', fingerprint .. string.sub(versions(string.sub(terms, 5, 8), true), 5))
end

local function entries()
  return call('HGETALL', members_key)
end
