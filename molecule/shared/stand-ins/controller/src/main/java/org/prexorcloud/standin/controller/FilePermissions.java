// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Modes that the program sets itself; everything else follows the umask (layout.md section 4). */
final class FilePermissions {
    private static final Logger LOG = LoggerFactory.getLogger("FilePermissions");

    private FilePermissions() {}

    static void restrict(Path path, String mode) {
        try {
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
        } catch (IOException e) {
            LOG.warn("Failed to set permissions on {}: {}", path, e.getMessage());
        }
    }

    static Path privateDirectory(Path path) throws IOException {
        Files.createDirectories(path);
        restrict(path, "rwx------");
        return path;
    }

    /** The mode is right from the first byte on, whatever the umask. */
    static void write(Path path, byte[] content, String mode) throws IOException {
        if (!Files.exists(path)) {
            Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode)));
        }
        Files.write(path, content, StandardOpenOption.TRUNCATE_EXISTING);
        restrict(path, mode);
    }

    static void writePrivate(Path path, String content) throws IOException {
        write(path, content.getBytes(StandardCharsets.UTF_8), "rw-------");
    }
}
