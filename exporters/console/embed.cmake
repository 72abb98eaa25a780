# cmake -DOUT=FILE.cpp -DFILES=name=path;name=path -P embed.cmake: files as C++ arrays.
set(types_html "text/html; charset=utf-8")
set(types_js "text/javascript; charset=utf-8")
set(types_css "text/css; charset=utf-8")
set(types_svg "image/svg+xml")
set(arrays "")
set(rows "")
set(n 0)
foreach(entry IN LISTS FILES)
  string(REGEX MATCH "^([^=]+)=(.*)$" _ "${entry}")
  set(name "${CMAKE_MATCH_1}")
  set(path "${CMAKE_MATCH_2}")
  string(REGEX MATCH "[a-z]+$" ending "${name}")
  file(READ "${path}" hex HEX)
  file(SHA256 "${path}" digest)
  string(SUBSTRING "${digest}" 0 16 digest)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND arrays "constexpr char kFile${n}[] = {${bytes}};\n")
  string(APPEND rows "    {\"${name}\", \"${types_${ending}}\", {kFile${n}, sizeof kFile${n}}, \"\\\"${digest}\\\"\"},\n")
  math(EXPR n "${n} + 1")
endforeach()
file(WRITE "${OUT}.new" "// Made by embed.cmake.
#include \"exporters/console/console.h\"
namespace surged::exporters {
namespace {
${arrays}constexpr ConsoleFile kFiles[] = {
${rows}};
}  // namespace
std::span<ConsoleFile const> console_files() { return kFiles; }
}  // namespace surged::exporters
")
file(COPY_FILE "${OUT}.new" "${OUT}" ONLY_IF_DIFFERENT)
