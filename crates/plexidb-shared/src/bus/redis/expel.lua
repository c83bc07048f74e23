-- ARGV: channel, epoch, member, the renewal that it must stand at or nothing.
local refused = refusal(ARGV[2])
if refused then
  return refused
end
local entry = call('HGET', members_key, ARGV[3])
if entry and (ARGV[4] == '' or string.sub(entry, 1, 8) == ARGV[4]) then
  call('HDEL', members_key, ARGV[3])
  publish('X', ARGV[3])
end
return {DONE}
