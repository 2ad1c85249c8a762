// The files of viewer/, linked into the program (viewer/embed.cmake).
#pragma once

#include <string_view>

namespace convbert {

struct ViewerAssets {
  std::string_view skeleton;  // page.html: what is in the body
  std::string_view style;     // viewer.css
  std::string_view script;    // the .js files, one after another
  // Of style and script, in base64, as a Content-Security-Policy names them.
  std::string_view style_sha256;
  std::string_view script_sha256;
};

const ViewerAssets& viewer_assets();

}  // namespace convbert
