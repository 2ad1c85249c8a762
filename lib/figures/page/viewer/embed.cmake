# Joins the page's scripts into one, and writes assembly that holds it, the style and the skeleton,
# with the hashes by which the page's policy knows the first two.
#   cmake -DOUTPUT=... -DSCRIPTS="a.js;b.js" -P embed.cmake
cmake_minimum_required(VERSION 3.25)

# "'use strict'" holds for the whole function, whose names no one else sees.
set(script "${OUTPUT}/viewer.js")
file(WRITE "${script}" "(() => {\n'use strict';\n")
foreach(source IN LISTS SCRIPTS)
  file(READ "${CMAKE_CURRENT_LIST_DIR}/${source}" text)
  file(APPEND "${script}" "\n${text}")
endforeach()
file(APPEND "${script}" "})();\n")

# The base64 digits of a file's SHA-256.
function(hash_in_base64 path result)
  set(digits "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  file(SHA256 "${path}" hex)
  set(hash "")
  string(APPEND hex "00")  # 32 bytes are 42 digits of 6 bits, and 4 bits
  foreach(start RANGE 0 63 6)
    string(SUBSTRING "${hex}" ${start} 6 group)
    math(EXPR bits "0x${group}")
    foreach(shift 18 12 6 0)
      math(EXPR digit "(${bits} >> ${shift}) & 63")
      string(SUBSTRING "${digits}" ${digit} 1 digit)
      string(APPEND hash "${digit}")
    endforeach()
  endforeach()
  string(SUBSTRING "${hash}" 0 43 hash)
  set(${result} "${hash}=" PARENT_SCOPE)
endfunction()

set(style "${CMAKE_CURRENT_LIST_DIR}/viewer.css")
set(skeleton "${CMAKE_CURRENT_LIST_DIR}/page.html")
hash_in_base64("${script}" script_hash)
hash_in_base64("${style}" style_hash)

set(assembly ".section .rodata\n")
foreach(file script style skeleton)
  string(APPEND assembly
    ".global convbert_viewer_${file}\n.global convbert_viewer_${file}_end\n"
    "convbert_viewer_${file}:\n.incbin \"${${file}}\"\nconvbert_viewer_${file}_end:\n.byte 0\n")
endforeach()
foreach(file script style)
  string(APPEND assembly
    ".global convbert_viewer_${file}_sha256\n"
    "convbert_viewer_${file}_sha256:\n.asciz \"${${file}_hash}\"\n")
endforeach()
string(APPEND assembly ".section .note.GNU-stack,\"\",%progbits\n")
file(WRITE "${OUTPUT}/viewer_assets.S" "${assembly}")
