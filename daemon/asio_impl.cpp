// The compiled halves of Asio and Beast, once for the whole program (see the definitions in
// CMakeLists.txt): every other file then parses declarations only.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
