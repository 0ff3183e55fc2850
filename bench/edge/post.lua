-- A JSON body of 1 kB, as a form of an application sends it: names, prose, a list, numbers.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Sec-Fetch-Site"] = "same-origin"
local prose = "Dear Mr. O'Brien, the order of last week came on Tuesday; two of the five boxes were wet. "
  .. "Could you select other ones from the drop-off at 12/14 Main Street, or where would you rather have us meet? "
wrk.body = '{"subject":"Order 2026/1187","from":"Anne-Marie d\'Arc <am@example.com>","text":"' .. prose .. prose .. prose
  .. '","tags":["delivery","damaged","urgent?"],"items":[{"id":17,"name":"Lamp (blue)","note":"50% off & free"},'
  .. '{"id":23,"name":"Chair","note":"left leg -> broken"}],"total":129.9,"currency":"EUR"'
wrk.body = wrk.body .. ',"signature":"' .. string.rep("kind regards ", math.floor((1024 - #wrk.body - 16) / 13)) .. '"}'
