-- ARGV: channel, epoch.
local refused = refusal(ARGV[2])
if refused then
  return refused
end
change_even_if_memory_is_short()
call('HSET', record_key, 'settled', '1')
return {DONE}
