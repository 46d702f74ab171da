// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import java.util.Map;

/** An answer other than success, in the shape {"error": {"code", "message", "status"}}. */
final class ApiError extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int status;
    private final String code;

    ApiError(int status, String code, String message) {
        super(message);
        this.status = status;
        this.code = code;
    }

    static ApiError invalid(String message) {
        return new ApiError(422, "VALIDATION_ERROR", message);
    }

    static ApiError notFound(String message) {
        return new ApiError(404, "NOT_FOUND", message);
    }

    static ApiError conflict(String message) {
        return new ApiError(409, "CONFLICT", message);
    }

    int status() {
        return status;
    }

    Map<String, Object> body() {
        return Map.of("error", Map.of("code", code, "message", getMessage(), "status", status));
    }
}
