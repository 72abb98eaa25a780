# What `cmake --install` puts where: the package's content, and a local installation's.
include(GNUInstallDirs)
set(deploy "${PROJECT_SOURCE_DIR}/deploy")

# Manual pages and completions come out of the program itself.
set(manual "${PROJECT_BINARY_DIR}/manual")
set(manual_files "")
foreach(page surged.8 surged.yaml.5)
  add_custom_command(OUTPUT "${manual}/${page}"
      COMMAND ${CMAKE_COMMAND} -E make_directory "${manual}"
      COMMAND surged manual page < "${deploy}/man/${page}.in" > "${manual}/${page}"
      DEPENDS surged "${deploy}/man/${page}.in" VERBATIM)
  list(APPEND manual_files "${manual}/${page}")
endforeach()
foreach(shell bash zsh fish)
  add_custom_command(OUTPUT "${manual}/completion.${shell}"
      COMMAND ${CMAKE_COMMAND} -E make_directory "${manual}"
      COMMAND surged manual ${shell} > "${manual}/completion.${shell}"
      DEPENDS surged VERBATIM)
  list(APPEND manual_files "${manual}/completion.${shell}")
endforeach()
add_custom_target(manual ALL DEPENDS ${manual_files})

install(TARGETS surged RUNTIME)
install(FILES "${manual}/surged.8" DESTINATION "${CMAKE_INSTALL_MANDIR}/man8")
install(FILES "${manual}/surged.yaml.5" DESTINATION "${CMAKE_INSTALL_MANDIR}/man5")
install(FILES "${manual}/completion.bash" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME surged)
install(FILES "${manual}/completion.fish" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" RENAME surged.fish)
# zsh looks into site-functions of its own prefix; what a distribution brings has another place.
set(SURGED_ZSH_DIR "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" CACHE STRING "Where zsh finds completions")
install(FILES "${manual}/completion.zsh" DESTINATION "${SURGED_ZSH_DIR}" RENAME _surged)

set(SURGED_UNIT_DIR "lib/systemd/system" CACHE STRING "Where systemd finds units")
install(FILES "${deploy}/systemd/surged.service" DESTINATION "${SURGED_UNIT_DIR}")
install(FILES "${deploy}/systemd/surged.sysusers" DESTINATION "lib/sysusers.d" RENAME surged.conf)
install(FILES "${deploy}/systemd/surged.tmpfiles" DESTINATION "lib/tmpfiles.d" RENAME surged.conf)

install(FILES README.md deploy/runbook.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY "${deploy}/guides/" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY "${deploy}/examples" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY "${deploy}/prometheus" "${deploy}/alertmanager" DESTINATION "${CMAKE_INSTALL_DATADIR}/surged")
install(DIRECTORY "${deploy}/grafana/dashboards" "${deploy}/grafana/provisioning"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/surged/grafana")
