#include "figures/page/viewer_assets.h"

// Written by viewer/embed.cmake.
extern "C" {
extern const char convbert_viewer_script[];
extern const char convbert_viewer_script_end[];
extern const char convbert_viewer_script_sha256[];
extern const char convbert_viewer_style[];
extern const char convbert_viewer_style_end[];
extern const char convbert_viewer_style_sha256[];
extern const char convbert_viewer_skeleton[];
extern const char convbert_viewer_skeleton_end[];
}

namespace convbert {

const ViewerAssets& viewer_assets() {
  static const ViewerAssets assets{
      .skeleton = {convbert_viewer_skeleton, convbert_viewer_skeleton_end},
      .style = {convbert_viewer_style, convbert_viewer_style_end},
      .script = {convbert_viewer_script, convbert_viewer_script_end},
      .style_sha256 = convbert_viewer_style_sha256,
      .script_sha256 = convbert_viewer_script_sha256,
  };
  return assets;
}

}  // namespace convbert
