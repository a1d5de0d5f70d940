"""The shading of rooms, in GLSL: lamps and windows as discs that shine one way, soft shadows, light from all around, gloss, mirrors.

Written for OpenGL's compatibility profile, since MuJoCo hands over matrices, colours and materials the old way. World frame, metres;
light is linear until the last line of `SCENE_FRAGMENT`. Pictures have their first row at the bottom, as OpenGL has them.
"""

from __future__ import annotations

MOST_LAMPS = 4
"""How many lamps that cast shadows a room can have: one channel of a picture each."""

KIND_STEP, SHARE_STEPS = 1024, 31
"""How metal or not, specular and the kind of a surface ride in the one number that reaches the shader; see `packed_gloss`."""

_LAMPS = f"""
uniform int lamps;
uniform vec3 lamp_at_m[{MOST_LAMPS}];
uniform vec3 lamp_toward[{MOST_LAMPS}];
uniform vec3 lamp_color[{MOST_LAMPS}];
uniform float lamp_radius_m[{MOST_LAMPS}];
"""

SCENE_VERTEX = """#version 130
uniform mat3 world_from_eye;
uniform vec3 eye_m;
out vec3 at_m;
out vec3 normal;
out vec2 uv;
out vec4 tint;
out float depth_m;

void main() {
    vec4 seen = gl_ModelViewMatrix * gl_Vertex;
    at_m = world_from_eye * seen.xyz + eye_m;
    depth_m = -seen.z;
    normal = world_from_eye * (gl_NormalMatrix * gl_Normal);
    uv = gl_MultiTexCoord0.xy;
    tint = gl_Color;
    gl_Position = ftransform();
}
"""

SCENE_FRAGMENT = (
    """#version 130
uniform sampler2D painted;   // of the material; white where it has none
uniform sampler2D lamp_seen; // half size: how much of each lamp is seen
uniform sampler2D surrounding; // half size: open to above, open round about, depth
uniform sampler2D mirrored;  // what the mirror shows
uniform bool shaded;         // whether the last three are there
uniform ivec2 half_px;       // size of those of half size
uniform bool has_mirror;
uniform ivec2 mirror_px;     // its last column and its first row; it lies the other way round
uniform vec4 mirror_plane;   // world; of the mirror that `mirrored` is for
uniform vec4 cut_plane;      // nothing is drawn behind it
uniform vec3 eye_m;
uniform vec3 ambient;
uniform float exposure;
"""
    + _LAMPS
    + """
in vec3 at_m;
in vec3 normal;
in vec2 uv;
in vec4 tint;
in float depth_m;

void soft_light(out vec4 lit, out vec2 free) {
    lit = vec4(1.0);
    free = vec2(0.85, 0.95);
    vec2 spot = (gl_FragCoord.xy - 0.5) * 0.5;
    ivec2 corner = ivec2(floor(spot));
    vec2 part = spot - vec2(corner);
    float total = 0.0;
    vec4 lit_sum = vec4(0.0);
    vec2 free_sum = vec2(0.0);
    for (int k = 0; k < (shaded ? 4 : 0); k++) {
        ivec2 step = ivec2(k & 1, k >> 1), px = min(corner + step, half_px - 1);
        vec3 around = texelFetch(surrounding, px, 0).rgb;
        vec2 near = mix(1.0 - part, part, vec2(step));
        float weight = (near.x * near.y + 0.02) / (0.004 + abs(around.z / depth_m - 1.0));
        total += weight;
        lit_sum += weight * texelFetch(lamp_seen, px, 0);
        free_sum += weight * around.xy;
    }
    if (total > 0.0) {
        lit = lit_sum / total;
        free = free_sum / total;
    }
}

// Light from a disc of Lambert's law on a surface, 1 where it faces the disc straight at 2 m.
float lamp_on(int i, vec3 n) {
    vec3 to = lamp_at_m[i] - at_m;
    float apart2 = dot(to, to), wide2 = lamp_radius_m[i] * lamp_radius_m[i];
    vec3 l = to * inversesqrt(apart2);
    float sends = clamp(0.15 - 0.85 * dot(lamp_toward[i], l), 0.0, 1.0);
    float wrap = 0.6 * sqrt(wide2 / (apart2 + wide2));
    float takes = max((dot(n, l) + wrap) / (1.0 + wrap), 0.0);
    return sends * takes * (4.0 + wide2) / (apart2 + wide2 + 0.25);
}

// Light that comes from a lamp's side of the room by way of the walls.
float thrown_back(int i, vec3 n) {
    vec3 to = lamp_at_m[i] - at_m;
    float apart2 = dot(to, to);
    return (0.6 + 0.4 * dot(n, to) * inversesqrt(apart2)) * 4.0 / (apart2 + 3.0);
}

// What a polished surface sees of a lamp along `ray`: its disc, the edge as blurred as the surface is rough.
float lamp_mirrored(int i, vec3 ray, float rough) {
    float toward = -dot(ray, lamp_toward[i]);
    if (toward < 0.02) return 0.0;
    float far_m = dot(at_m - lamp_at_m[i], lamp_toward[i]) / toward;
    if (far_m <= 0.0) return 0.0;
    float off = length(at_m + far_m * ray - lamp_at_m[i]);
    float blur = max(rough * 0.9 * far_m, 0.01), wide = lamp_radius_m[i];
    float share = wide * wide / (wide * wide + blur * blur);
    return share * (1.0 - smoothstep(wide - 0.5 * blur, wide + 1.5 * blur, off));
}

vec3 curve(vec3 x) {
    return clamp((x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14), 0.0, 1.0);
}

void main() {
    CUT
    vec4 paint = texture(painted, uv) * tint;
    float code = gl_FrontMaterial.specular.r + 0.5;
    float kind = floor(code / """
    + f"{KIND_STEP}.0);\n    code -= kind * {KIND_STEP}.0;\n"
    + f"    float reflects = floor(code / {SHARE_STEPS + 1}.0) / {SHARE_STEPS}.0;\n"
    + f"    float shiny = floor(mod(code, {SHARE_STEPS + 1}.0)) / {SHARE_STEPS}.0;\n"
    + """
    vec3 view = normalize(eye_m - at_m), n = normalize(normal);
    if (dot(n, view) < 0.0) n = -n;
    if (has_mirror && kind > 0.5 && abs(dot(mirror_plane, vec4(at_m, 1.0))) < 0.004) {
        vec3 seen = texelFetch(mirrored, ivec2(mirror_px.x - int(gl_FragCoord.x), int(gl_FragCoord.y) - mirror_px.y), 0).rgb;
        gl_FragColor = vec4(seen * vec3(0.95, 0.97, 0.965), 1.0);
        return;
    }
    float rough = 1.0 - 0.93 * clamp(gl_FrontMaterial.shininess / 128.0, 0.0, 1.0);
    rough *= rough;
    if (kind > 0.5) { reflects = 1.0; shiny = 1.0; rough = 0.05; }
    vec4 lit;
    vec2 free;
    soft_light(lit, free);
    vec3 direct = vec3(0.0), bounced = vec3(0.0), gleam = vec3(0.0), ray = reflect(-view, n);
    for (int i = 0; i < lamps; i++) {
        direct += lit[i] * lamp_on(i, n) * lamp_color[i];
        bounced += thrown_back(i, n) * lamp_color[i];
    }
    for (int i = 0; i < (shiny > 0.1 ? lamps : 0); i++) {
        gleam += mix(0.3, 1.0, lit[i]) * lamp_mirrored(i, ray, rough) * lamp_color[i] * 3.0;
    }
    float up = 0.5 + 0.5 * n.z;
    float sky = mix(1.0, free.x, 0.35 + 0.65 * up);
    vec3 around = (0.5 * ambient * (0.75 + 0.25 * up) + 0.6 * bounced) * (0.22 + 0.78 * sky) * free.y;
    vec3 ground = pow(paint.rgb, vec3(2.2));
    float metal = reflects;
    float facing = pow(1.0 - max(dot(n, view), 0.0), 5.0);
    float first = mix(0.02 + 0.05 * shiny, 0.75, metal);
    float back = (first + (1.0 - first) * facing * (1.0 - rough) * min(2.0 * shiny, 1.0)) * min(4.0 * shiny, 1.0);
    vec3 room = ambient * (0.3 + 0.75 * smoothstep(-0.7, 0.9, ray.z)) * mix(0.35, 1.0, free.y);
    vec3 sheen = (room + gleam) * mix(vec3(1.0), ground * 1.3, metal);
    vec3 light = ground * (1.0 - 0.9 * metal) * (direct + around) + back * sheen;
    vec3 own = dot(gl_FrontMaterial.emission.rgb, vec3(1.0)) / max(dot(tint.rgb, vec3(1.0)), 1e-3) * ground;
    float cover = clamp(paint.a + back * (1.0 - paint.a), 0.0, 1.0);
    gl_FragColor = vec4(pow(curve(light * exposure + own), vec3(1.0 / 2.2)), cover);
}
"""
)

CUT = "if (dot(cut_plane, vec4(at_m, 1.0)) < 0.0) discard;"
"""What takes the place of "CUT": for what a mirror shows; else nothing, since a shader that may discard is a slow one."""

CUT_FRAGMENT = """#version 130
uniform vec4 cut_plane;
in vec3 at_m;

// For depth alone, in front of a plane.
void main() {
    if (dot(cut_plane, vec4(at_m, 1.0)) < 0.0) discard;
    gl_FragColor = vec4(0.0);
}
"""

SCREEN_VERTEX = """#version 130
void main() { gl_Position = gl_Vertex; }
"""

LIGHT_FRAGMENT = (
    """#version 130
uniform sampler2D depths;    // full size, of the picture
uniform sampler2D lamp_depths[4];
uniform sampler2D above;     // seen from straight above, along parallel rays
uniform vec4 pinhole;        // fx, fy, cx, cy from the lower left corner
uniform ivec2 corner_px;     // a fixed pixel, so that a cut-out of a picture has the same pattern of taps
uniform vec2 range_m;        // near and far of the picture
uniform mat3 axes;           // the camera's right, up, forward in the world
uniform vec3 eye_m;
uniform mat3 lamp_axes[4];   // rows: right, up, forward
uniform vec3 lamp_range[4];  // near, far, half width at 1 m
uniform vec4 above_at;       // middle x, y; half width; height that it looks from
uniform float above_far_m;
"""
    + _LAMPS
    + """
const float GOLDEN = 2.399963229728653;

float along(sampler2D map, ivec2 px, vec2 range) {
    px = clamp(px, ivec2(0), textureSize(map, 0) - 1);
    return range.x * range.y / (range.x + texelFetch(map, px, 0).r * (range.y - range.x)); // near is 1, far is 0
}

uniform ivec2 size_px;

vec3 point(ivec2 px) {
    px = clamp(px, ivec2(0), size_px - 1);
    float z = along(depths, px, range_m);
    return vec3((vec2(px) + 0.5 - pinhole.zw) / pinhole.xy * z, z);
}

vec3 facing(ivec2 px, vec3 at) {
    vec3 e = point(px + ivec2(1, 0)) - at, w = at - point(px - ivec2(1, 0));
    vec3 u = point(px + ivec2(0, 1)) - at, d = at - point(px - ivec2(0, 1));
    vec3 across = (abs(e.z) < abs(w.z) && px.x + 1 < size_px.x) || px.x == 0 ? e : w;
    vec3 upward = (abs(u.z) < abs(d.z) && px.y + 1 < size_px.y) || px.y == 0 ? u : d;
    vec3 n = normalize(cross(upward, across));
    return n.z > 0.0 ? -n : n;
}

float lamp_share(sampler2D map, int i, vec3 at_m, vec3 n, float turn) {
    vec3 local = lamp_axes[i] * (at_m - lamp_at_m[i]);
    if (local.z < lamp_range[i].x || lamp_range[i].z == 0.0) return 1.0;
    float half_px = 0.5 * float(textureSize(map, 0).x);
    float texel_m = local.z * lamp_range[i].z / half_px;
    // Along the normal, so that a surface doesn't shade itself; more where the lamp sees it edge on.
    vec3 l = normalize(lamp_at_m[i] - at_m);
    float slant = sqrt(max(1.0 - pow(dot(n, l), 2.0), 0.0));
    local = lamp_axes[i] * (at_m + n * (0.004 + 1.4 * texel_m * slant) - lamp_at_m[i]);
    vec2 spot = (local.xy / (local.z * lamp_range[i].z) + 1.0) * half_px;
    if (any(lessThan(spot, vec2(0.0))) || any(greaterThan(spot, vec2(2.0 * half_px)))) return 1.0;
    float bias_m = 0.006 + 0.5 * texel_m, to_px = half_px / lamp_range[i].z, wide = lamp_radius_m[i];
    float reach_px = min(wide * 1.6 / local.z * to_px, 0.12 * half_px);
    float sum = 0.0, count = 0.0;
    for (int k = 0; k < 8; k++) {
        float r = sqrt((float(k) + 0.5) / 8.0), a = GOLDEN * float(k) + turn;
        float z = along(map, ivec2(spot + r * reach_px * vec2(cos(a), sin(a))), lamp_range[i].xy);
        if (z < local.z - bias_m) { sum += 1.0 / z; count += 1.0; }
    }
    if (count == 0.0) return 1.0;
    float soft_px = clamp(wide * (sum / count - 1.0 / local.z) * to_px, 1.2, reach_px);
    float lit = 0.0;
    for (int k = 0; k < 10; k++) {
        float r = sqrt((float(k) + 0.5) / 10.0), a = GOLDEN * float(k) + turn;
        float z = along(map, ivec2(spot + r * soft_px * vec2(cos(a), sin(a))), lamp_range[i].xy);
        lit += clamp(1.0 - (local.z - bias_m - z) * 60.0, 0.0, 1.0);
    }
    vec2 rim = smoothstep(vec2(1.0), vec2(0.85), abs(spot / half_px - 1.0));
    return mix(1.0, lit / 10.0, rim.x * rim.y);
}

// How much of what is above a point is open: of a cone as wide as the lowest thing over it is high.
float open_above(vec3 at_m, vec3 n, float turn) {
    vec3 p = at_m + 0.025 * n;
    float half_px = 0.5 * float(textureSize(above, 0).x), to_px = half_px / above_at.z;
    vec2 spot = ((p.xy - above_at.xy) / above_at.z + 1.0) * half_px;
    ivec2 last = textureSize(above, 0) - 1;
    float closed = 0.0, most = 0.0;
    for (int k = 0; k < 13; k++) {
        float r = 0.02 + 0.75 * (float(k) + 0.5) / 13.0, a = GOLDEN * float(k) + turn;
        ivec2 px = clamp(ivec2(spot + r * to_px * vec2(cos(a), sin(a))), ivec2(0), last);
        float rise = above_at.w - above_far_m * (1.0 - texelFetch(above, px, 0).r) - p.z;
        float weight = 1.0 / (0.25 + r);
        most += weight;
        closed += weight * smoothstep(0.1, 1.1, rise / r) * step(0.015, rise);
    }
    return 1.0 - closed / most;
}

// How much is open round about, as far as the picture itself shows it (Mittring, 2007); near and wide taps.
float open_around(ivec2 px, vec3 at, vec3 n, float turn) {
    float close = 0.0, wide = 0.0;
    for (int k = 0; k < 12; k++) {
        bool small = k < 7;
        float share = small ? (float(k) + 0.5) / 7.0 : (float(k) - 6.5) / 5.0;
        float r = small ? 0.006 + 0.085 * share : 0.1 + 0.38 * share, a = GOLDEN * float(k) + turn;
        float r_px = clamp(r * pinhole.x / at.z, 1.0, 160.0);
        vec3 offset = point(px + ivec2(round(r_px * vec2(cos(a), sin(a))))) - at;
        float far = length(offset) + 1e-4;
        float rise = max(dot(offset, n) / far - 0.1, 0.0) * clamp(1.0 - pow(far / (small ? 0.16 : 0.8), 2.0), 0.0, 1.0);
        if (small) close += rise; else wide += rise;
    }
    return (1.0 - clamp(close * 2.3 / 7.0, 0.0, 0.8)) * (1.0 - clamp(wide * 1.5 / 5.0, 0.0, 0.6));
}

void main() {
    ivec2 half_at = ivec2(gl_FragCoord.xy), px = 2 * half_at;
    vec3 at = point(px), n_eye = facing(px, at);
    vec3 at_m = eye_m + axes * at, n = axes * n_eye;
    ivec2 cell = (half_at + corner_px) & 3;
    int order = (cell.x ^ cell.y) * 4 + cell.y;
    float turn = 6.28318 * float(order) / 16.0;
    vec4 lit = vec4(1.0);
    // Four ways through a loop, since a software renderer takes both ways of an if.
    for (int i = 0; i < min(lamps, 1); i++) lit.x = lamp_share(lamp_depths[0], 0, at_m, n, turn);
    for (int i = 1; i < min(lamps, 2); i++) lit.y = lamp_share(lamp_depths[1], 1, at_m, n, turn);
    for (int i = 2; i < min(lamps, 3); i++) lit.z = lamp_share(lamp_depths[2], 2, at_m, n, turn);
    for (int i = 3; i < lamps; i++) lit.w = lamp_share(lamp_depths[3], 3, at_m, n, turn);
    gl_FragData[0] = lit;
    gl_FragData[1] = vec4(open_above(at_m, n, turn), open_around(px, at, n_eye, turn), at.z, 1.0);
}
"""
)

BLUR_FRAGMENT = """#version 130
uniform sampler2D lamp_seen;
uniform sampler2D surrounding;
uniform ivec2 size_px;

float nearness(ivec2 px) {
    return 1.0 / texelFetch(surrounding, clamp(px, ivec2(0), size_px - 1), 0).z;
}

float smaller(float a, float b) { return abs(a) < abs(b) ? a : b; }

// The mean of the four by four pixels whose taps make one pattern, of those that lie in about the same plane: over a plane, one over
// the depth changes evenly.
void main() {
    ivec2 px = ivec2(gl_FragCoord.xy);
    float depth_m = texelFetch(surrounding, px, 0).z, here = 1.0 / depth_m;
    vec2 slope = vec2(smaller(nearness(px + ivec2(1, 0)) - here, here - nearness(px - ivec2(1, 0))),
                      smaller(nearness(px + ivec2(0, 1)) - here, here - nearness(px - ivec2(0, 1))));
    vec4 lit = vec4(0.0);
    vec2 free = vec2(0.0);
    float total = 0.0;
    for (int k = 0; k < 16; k++) {
        ivec2 off = ivec2((k & 3) - 2, (k >> 2) - 2), other = clamp(px + off, ivec2(0), size_px - 1);
        vec4 around = texelFetch(surrounding, other, 0);
        float apart = abs(1.0 / around.z - here - dot(slope, vec2(other - px))) * depth_m;
        float weight = 1.0 / (0.01 + pow(max(apart - 0.002, 0.0) * 60.0, 2.0));
        total += weight;
        lit += weight * texelFetch(lamp_seen, other, 0);
        free += weight * around.xy;
    }
    gl_FragData[0] = lit / total;
    gl_FragData[1] = vec4(free / total, depth_m, 1.0);
}
"""


def packed_gloss(specular: float, metal: float, is_mirror: bool) -> float:
    """The number that carries a material's gloss to the shader, in place of MuJoCo's specular: whole, below 2048."""
    shares = [round(min(max(value, 0.0), 1.0) * SHARE_STEPS) for value in (specular, metal)]
    return float(shares[0] + (SHARE_STEPS + 1) * shares[1] + (KIND_STEP if is_mirror else 0))
