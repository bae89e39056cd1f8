-- For wrk: sends the requests of a file, each once and in order, the threads
-- by turns.
--
--   wrk -s requests.lua URL -- FILE PREFIX THREADS [PAUSE]
--
-- FILE holds header lines, an empty line, then a request a line: method, path
-- and body with tabs between. PREFIX goes before each path. PAUSE (ms) is how
-- long a connection thinks between two requests, give or take a half.
--
-- All requests are made before the first is sent, so that wrk has nothing to
-- do but send them.

local threads = {}


function setup(thread)
    thread:set('number', #threads)
    table.insert(threads, thread)
end


function init(args)
    local lines = io.lines(args[1])
    local prefix, count, pause = args[2], tonumber(args[3]), tonumber(args[4])
    local head = 'Host: localhost\r\n'

    for line in lines do
        if line == '' then
            break
        end
        head = head .. line .. '\r\n'
    end

    requests, sent = {}, 0
    local n = 0

    for line in lines do
        if n % count == number then
            local method, path, body = line:match('^(.-)\t(.-)\t(.*)$')
            local length = body == '' and ''
                           or 'Content-Length: ' .. #body .. '\r\n'
            table.insert(requests, method .. ' ' .. prefix .. path
                         .. ' HTTP/1.1\r\n' .. head .. length .. '\r\n'
                         .. body)
        end
        n = n + 1
    end

    if pause then
        math.randomseed(number + 1)
        delay = function()
            return math.random(math.floor(pause / 2), math.floor(pause * 1.5))
        end
    end
end


function request()
    local n = sent
    sent = n + 1
    return requests[n % #requests + 1]
end


function done(summary, latency)
    local e = summary.errors
    local turns = {}

    for i, thread in ipairs(threads) do
        turns[i] = thread:get('sent')
    end

    print(string.format('bench %d %d %d %d %d %d %d %s', summary.requests,
          summary.duration, summary.bytes, latency:percentile(50),
          latency:percentile(99), e.status,
          e.connect + e.read + e.write + e.timeout,
          table.concat(turns, ' ')))
end
