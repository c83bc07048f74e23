-- ARGV: channel, epoch, fingerprint.
local refused = refusal(ARGV[2])
if refused then
  return refused
end
change_even_if_memory_is_short()
declare(ARGV[3])
return {DONE}
